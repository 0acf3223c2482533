package dev.minke.model.text;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/// Hugging Face's tokenizers library, as DJL packs it, without network.
final class HuggingFaceOracle implements AutoCloseable {
    private final HuggingFaceTokenizer tokenizer;

    /// Load a tokenizer.json.
    HuggingFaceOracle(Path file) throws IOException {
        // On a machine with CUDA it would look for another build, and download that.
        System.setProperty("RUST_FLAVOR", "cpu");
        System.setProperty("ai.djl.offline", "true");
        System.setProperty("slf4j.internal.verbosity", "ERROR");
        if (System.getProperty("DJL_CACHE_DIR") == null) {
            // Where it unpacks its library.
            System.setProperty(
                    "DJL_CACHE_DIR", Path.of("target", "djl").toAbsolutePath().toString());
        }
        tokenizer =
                HuggingFaceTokenizer.builder()
                        .optTokenizerPath(file)
                        .optTruncation(false)
                        .optPadding(false)
                        .optAddSpecialTokens(false)
                        .build();
    }

    /// Give the ids of each text.
    List<int[]> encode(List<String> texts) {
        return Arrays.stream(tokenizer.batchEncode(texts, false, false))
                .map(HuggingFaceOracle::ids)
                .toList();
    }

    /// Give the ids of a text with what a template puts around it.
    int[] encodeBegun(String text) {
        return ids(tokenizer.encode(text, true, false));
    }

    /// Give the number of the piece that each token of a text is in.
    long[] pieces(String text) {
        return tokenizer.encode(text, false, false).getWordIds();
    }

    private static int[] ids(Encoding encoding) {
        int[] ids = new int[encoding.getIds().length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = Math.toIntExact(encoding.getIds()[i]);
        }
        return ids;
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
