package dev.minke.model.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Long runs of one kind of character: neither deep recursion nor time that grows faster than text.
class LongRunsTests {
    /// Every class that a pattern names, and mixtures on which an alternative fails late.
    static final List<String> UNITS =
            List.of(
                    "a",
                    "A",
                    "aA",
                    "Aa",
                    "ab ",
                    "1",
                    "12 ",
                    " ",
                    "\t",
                    "\n",
                    "\r\n",
                    " \n",
                    "\n ",
                    "\u00A0",
                    "!",
                    "!a",
                    "! ",
                    "'",
                    "'s",
                    "'ſ",
                    "é",
                    "e\u0301",
                    "\u0301",
                    "Ж",
                    "漢",
                    "漢A",
                    "か",
                    "ー",
                    "々",
                    "가",
                    "ก",
                    "ا",
                    "न\u093F",
                    "ǅ",
                    "ʰ",
                    "½",
                    "²",
                    "🐋",
                    "👩\u200D",
                    "𝐀",
                    "𐐀",
                    "\0",
                    "\u200B",
                    "\uE000",
                    "\u0378",
                    "\uDBFF\uDFFF",
                    "<",
                    "<｜");

    private static final int LENGTH = 20_000;

    @ParameterizedTest
    @EnumSource
    void runsAreCutInLinearTime(GgufPreTokenizer pre) {
        BpeDefinition bytes = BpeTokenizer.bytes().definition();
        var tokenizer =
                new BpeTokenizer(
                        new BpeDefinition(
                                bytes.tokens(),
                                List.of(),
                                bytes.added(),
                                pre.nfc(),
                                pre.splits(),
                                false,
                                "",
                                "",
                                "",
                                false));
        for (String unit : UNITS) {
            // A split that looked at characters more than 2000 times each would be refused.
            String text = unit.repeat(LENGTH / unit.length());
            String expected = pre.nfc() ? FormC.of(text, 0, text.length()) : text;
            String decoded = tokenizer.decode(tokenizer.encode(text));
            assertThat(decoded.equals(expected)).as(escaped(unit)).isTrue();
        }
    }

    static String escaped(String unit) {
        return unit.codePoints()
                .mapToObj("U+%04X"::formatted)
                .reduce("", (a, b) -> a.isEmpty() ? b : a + " " + b);
    }
}
