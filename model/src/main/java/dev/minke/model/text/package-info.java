/// Turn text into token ids and back: byte-level byte pair encoding as the DeepSeek family uses it.
///
/// - `Tokenizer`, `StreamDecoder`: what the rest of the program sees.
/// - `BpeTokenizer`: the encoder; `BpeDefinition`, `AddedToken`: the tables it is made of.
/// - `BpeTrainer`: learns such tables from a corpus.
/// - `PreTokenizer`, `SplitSequence`: cut text into the pieces within which bytes may merge.
/// - `TokenizerJson`, `TokenizerConfig`, `TiktokenModel`, `MalformedTokenizer`: the files of
///   Hugging Face and of Kimi.
/// - `GgufVocabulary`, `GgufPreTokenizer`: the values and names of GGUF.
/// - `RegexSplit`, `RunSplit`, `TrailingSpaceSplit`, `OnigurumaPattern`, `CodePointClass`: the
///   cuts.
/// - `ByteAlphabet`, `EscapedUtf8`, `FormC`, `MergeTable`, `PieceMerger`, `AddedTokenMatcher`,
///   `IntList`, `PairIndex`, `JsonFiles`: the parts.
@NullMarked
package dev.minke.model.text;

import org.jspecify.annotations.NullMarked;
