package dev.minke.model.text;

import java.util.List;
import java.util.SplittableRandom;

/// Seeded texts of what tokenizers stumble over: scripts mixed within words, emoji sequences,
/// combining marks, controls, code points without a character, runs, and spelt-out added tokens.
final class RandomTexts {
    private static final int[][] RANGES = {
        {'a', 'z'},
        {'A', 'Z'},
        {' ', '~'},
        {'0', '9'},
        {0, 0x1F},
        {0x7F, 0x24F},
        {0x300, 0x36F},
        {0x370, 0x52F},
        {0x590, 0x6FF},
        {0x900, 0x9FF},
        {0xE00, 0xEFF},
        {0x1000, 0x10FF},
        {0x1100, 0x11FF},
        {0x1700, 0x18AF},
        {0x1C80, 0x1FFF},
        {0x2000, 0x206F},
        {0x2070, 0x2BFF},
        {0x2C00, 0x2FFF},
        {0x3000, 0x33FF},
        {0x3400, 0x9FFF},
        {0xA000, 0xABFF},
        {0xAC00, 0xD7FF},
        {0xE000, 0xF8FF},
        {0xF900, 0xFAFF},
        {0xFB00, 0xFFFF},
        {0x10000, 0x1FFFF},
        {0x1D400, 0x1D7FF},
        {0x1F300, 0x1FAFF},
        {0x20000, 0x323AF},
        {0x323B0, 0x10FFFF}
    };
    private static final String[] SNIPPETS = {
        " ",
        "  ",
        "   ",
        "\n",
        "\n\n",
        "\r\n",
        "\r\n \r\n",
        "\t",
        " \n",
        "\n ",
        "\u00A0",
        "\u3000",
        "\u2028",
        "\u0085",
        "'s",
        "'S",
        "'ſ",
        "'t",
        "'Re",
        "'ve",
        "'M",
        "'ll",
        "'LL",
        "'d",
        "don't",
        "I'M",
        "getUserName",
        "HTTPServer",
        "iPhone",
        "naïve",
        "nai\u0308ve",
        "Å\u212B\u0041\u030A",
        "ệ\u0065\u0323\u0302",
        "각\u1100\u1161\u11A8",
        "👨‍👩‍👧‍👦",
        "🏳️‍🌈",
        "👍🏽",
        "🇩🇪🇫🇷",
        "1️⃣",
        "सं\u200Dकृ",
        "ภาษาไทย",
        "العربية",
        "עברית",
        "한국어",
        "日本語のテキスト",
        "毕老师！",
        "々〇〻",
        "٣٤٥",
        "½²Ⅷ",
        "3.14e-10",
        "0xFF",
        "_x_1",
        "==>",
        "...",
        "\"'",
        "```\n",
        "//",
        "\\n",
        "<｜",
        "｜>",
        "▁",
        "Ġ",
        "\uFEFF",
        "\u200B",
        "\u00AD",
        "\0"
    };

    private RandomTexts() {}

    /// Make one text; `tokens` are spelt out now and then.
    static String next(SplittableRandom random, List<String> tokens) {
        var text = new StringBuilder();
        for (int parts = random.nextInt(1, 12); parts > 0; parts--) {
            switch (random.nextInt(8)) {
                case 0, 1, 2 -> text.append(SNIPPETS[random.nextInt(SNIPPETS.length)]);
                case 3 -> {
                    if (!tokens.isEmpty()) {
                        text.append(tokens.get(random.nextInt(tokens.size())));
                    }
                }
                case 4 -> {
                    int point = point(random, RANGES[random.nextInt(RANGES.length)]);
                    text.repeat(point, random.nextInt(1, 20));
                }
                default -> {
                    int[] range = RANGES[random.nextInt(RANGES.length)];
                    for (int n = random.nextInt(1, 6); n > 0; n--) {
                        text.appendCodePoint(point(random, range));
                    }
                }
            }
        }
        return text.toString();
    }

    private static int point(SplittableRandom random, int[] range) {
        return random.nextInt(range[0], range[1] + 1);
    }
}
