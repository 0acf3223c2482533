package dev.minke.model.text;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/// The pre-tokenizers that GGUF names in `tokenizer.ggml.pre`, as the models' own files define
/// them.
///
/// llama.cpp writes some of them differently and then cuts some texts in other places: it does not
/// normalize (Qwen2 wants form C), does not take U+017F for an s after an apostrophe, keeps runs of
/// digits whole in DeepSeek-LLM, and takes words in mixed case whole in Kimi-K2 (`getUserName`,
/// where Kimi's own tokenizer cuts `get`, `User`, `Name`). Models learnt what is here.
enum GgufPreTokenizer {
    /// DeepSeek-V3, R1, V3.1 and V3.2.
    DEEPSEEK_V3(List.of("deepseek-v3"), false, false, SplitSequence.deepSeekV3(3).patterns()),
    /// DeepSeek-LLM and V2; the letters are those with two cases, plus some.
    DEEPSEEK_LLM(
            List.of("deepseek-llm"),
            false,
            false,
            List.of(
                    "[\\r\\n]",
                    Patterns.CASED,
                    "\\s?[!-/:-~\uFF01-\uFF0F\uFF1A-\uFF5E\u2018-\u201F\u3000-\u3002]+",
                    "\\s+$",
                    Patterns.CJK,
                    "\\p{N}")),
    /// DeepSeek-Coder.
    DEEPSEEK_CODER(
            List.of("deepseek-coder"),
            false,
            false,
            List.of("[\\r\\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", Patterns.CJK, "\\p{N}")),
    /// Kimi-K2 and Moonlight; tiktoken, which they use, takes whole pieces.
    KIMI_K2(
            List.of("kimi-k2"),
            false,
            true,
            List.of(
                    "[\\p{Han}]+|"
                            + Patterns.LEAD
                            + Patterns.UPPER
                            + "*"
                            + Patterns.LOWER
                            + "+"
                            + Patterns.CONTRACTION
                            + "?|"
                            + Patterns.LEAD
                            + Patterns.UPPER
                            + "+"
                            + Patterns.LOWER
                            + "*"
                            + Patterns.CONTRACTION
                            + "?|\\p{N}{1,3}|"
                            + Patterns.REST)),
    /// Qwen2, Qwen2.5 and the R1 distillations of them.
    QWEN2(
            List.of("qwen2", "deepseek-r1-qwen"),
            true,
            false,
            List.of(
                    Patterns.CONTRACTION
                            + "|"
                            + Patterns.LEAD
                            + "\\p{L}+|\\p{N}|"
                            + Patterns.REST)),
    /// Llama-3 and the R1 distillations of it.
    LLAMA_BPE(
            List.of("llama-bpe", "llama3", "llama-v3"),
            false,
            true,
            List.of(
                    Patterns.CONTRACTION
                            + "|"
                            + Patterns.LEAD
                            + "\\p{L}+|\\p{N}{1,3}|"
                            + Patterns.REST)),
    /// GPT-2.
    GPT2(List.of("gpt-2"), false, false, List.of(SplitSequence.GPT2));

    /// Parts that several patterns share; constants of the enum itself cannot be used above.
    private static final class Patterns {
        static final String CASED =
                "\\s?[A-Za-z\u00B5\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u01BA\u01BC-\u01BF"
                        + "\u01C4-\u0293\u0295-\u02AF\u0370-\u0373\u0376\u0377\u037B-\u037D\u037F"
                        + "\u0386\u0388-\u038A\u038C\u038E-\u03A1\u03A3-\u03F5\u03F7-\u0481"
                        + "\u048A-\u052F\u0531-\u0556\u10A0-\u10C5\u13A0-\u13F5\u13F8-\u13FD"
                        + "\u1C90-\u1CBA\u1CBD-\u1CBF\u1D00-\u1D2B\u1D6B-\u1D77\u1D79-\u1D9A"
                        + "\u1E00-\u1F15\u1F18-\u1F1D\u1F20-\u1F45\u1F48-\u1F4D\u1F50-\u1F57\u1F59"
                        + "\u1F5B\u1F5D\u1F5F-\u1F7D\u1F80-\u1FB4\u1FB6-\u1FBC\u1FBE\u1FC2-\u1FC4"
                        + "\u1FC6-\u1FCC\u1FD0-\u1FD3\u1FD6-\u1FDB\u1FE0-\u1FEC\u1FF2-\u1FF4"
                        + "\u1FF6-\u1FFC\u2102\u2107\u210A-\u2113\u2115\u2119-\u211D\u2124\u2126"
                        + "\u2128\u212A-\u212D\u212F-\u2134\u2139\u213C-\u213F\u2145-\u2149\u214E"
                        + "\u2183\u2184\u2C00-\u2C7B\u2C7E-\u2CE4\u2CEB-\u2CEE\u2CF2\u2CF3"
                        + "\uA640-\uA66D\uA680-\uA69B\uA722-\uA76F\uA771-\uA787\uA78B-\uA78E"
                        + "\uAB70-\uABBF\uFB00-\uFB06\uFB13-\uFB17\uFF21-\uFF3A\uFF41-\uFF5A"
                        + "\uD801\uDC00-\uD801\uDC4F\uD801\uDCB0-\uD801\uDCD3"
                        + "\uD801\uDCD8-\uD801\uDCFB\uD803\uDC80-\uD803\uDCB2"
                        + "\uD803\uDCC0-\uD803\uDCF2\uD806\uDCA0-\uD806\uDCDF"
                        + "\uD83A\uDD00-\uD83A\uDD43]+";
        static final String CJK = "[\u4E00-\u9FA5\u0800-\u4E00\uAC00-\uD7FF]+";
        static final String CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
        static final String LEAD = "[^\\r\\n\\p{L}\\p{N}]?";
        static final String UPPER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}&&[^\\p{Han}]]";
        static final String LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}&&[^\\p{Han}]]";
        static final String REST = " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    }

    private final List<String> names;
    private final boolean nfc;
    private final boolean wholePieces;
    private final List<String> splits;

    GgufPreTokenizer(List<String> names, boolean nfc, boolean wholePieces, List<String> splits) {
        this.names = names;
        this.nfc = nfc;
        this.wholePieces = wholePieces;
        this.splits = splits;
    }

    /// Find a pre-tokenizer; throws IllegalArgumentException with all names for an unknown one.
    static GgufPreTokenizer named(String name) {
        for (GgufPreTokenizer pre : values()) {
            if (pre.names.contains(name)) {
                return pre;
            }
        }
        throw new IllegalArgumentException(
                "tokenizer.ggml.pre: found \"%s\"; supported: %s".formatted(name, knownNames()));
    }

    /// Recognise a definition's pre-tokenizer, however its patterns spell line ends.
    ///
    /// Throws IllegalArgumentException if GGUF has no name for it.
    static GgufPreTokenizer of(BpeDefinition definition) {
        List<String> wanted = definition.splits().stream().map(GgufPreTokenizer::spelling).toList();
        for (GgufPreTokenizer pre : values()) {
            boolean same =
                    pre.splits.stream().map(GgufPreTokenizer::spelling).toList().equals(wanted);
            if (same
                    && pre.nfc == definition.nfc()
                    && pre.wholePieces == definition.wholePieces()) {
                return pre;
            }
        }
        if (definition.merges().isEmpty() && !definition.nfc() && !definition.wholePieces()) {
            return DEEPSEEK_V3; // where nothing is merged, no border between pieces matters
        }
        throw new IllegalArgumentException(
                ("GGUF has no name for a pre-tokenizer with the patterns %s, normalizer %s and"
                                + " ignore_merges %s; it has names for %s")
                        .formatted(
                                wanted.stream().map(GgufPreTokenizer::cut).toList(),
                                definition.nfc() ? "NFC" : "none",
                                definition.wholePieces(),
                                knownNames()));
    }

    /// Give the name to write.
    String ggufName() {
        return names.getFirst();
    }

    /// Tell whether text is normalized to form C first.
    boolean nfc() {
        return nfc;
    }

    /// Tell whether a piece that is a token is taken as it is.
    boolean wholePieces() {
        return wholePieces;
    }

    /// Give the patterns in the order of their application.
    List<String> splits() {
        return splits;
    }

    private static String knownNames() {
        return Arrays.stream(values())
                .flatMap(pre -> pre.names.stream())
                .collect(Collectors.joining(", "));
    }

    private static String cut(String pattern) {
        return pattern.length() <= 40 ? pattern : pattern.substring(0, 37) + "...";
    }

    private static String spelling(String pattern) {
        return pattern.replace("\r", "\\r").replace("\n", "\\n");
    }
}
