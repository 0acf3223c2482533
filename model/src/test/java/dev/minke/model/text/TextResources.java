package dev.minke.model.text;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.SplittableRandom;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Golden files of these tests, written by make_golden.py, and seeded random texts.
final class TextResources {
    private static final int[][] RANGES = {
        {0x20, 0x7E},
        {0, 0x1F},
        {0x30, 0x39},
        {0x80, 0x24F},
        {0x300, 0x36F},
        {0x370, 0x52F},
        {0x600, 0x6FF},
        {0x900, 0x97F},
        {0x2000, 0x206F},
        {0x3000, 0x30FF},
        {0x4E00, 0x9FFF},
        {0xAC00, 0xD7A3},
        {0xFF00, 0xFF5E},
        {0x1F300, 0x1FAFF},
        {0x10000, 0x10FFFF}
    };
    private static final String[] SNIPPETS = {
        " ", "  ", "\n", "\r\n", "\t", " 12345 ", "don't", "你好12", "<｜", AddedToken.PAD
    };

    private TextResources() {}

    static String text(String name) throws IOException {
        try (InputStream in = TextResources.class.getResourceAsStream("/text/" + name)) {
            byte[] bytes = Objects.requireNonNull(in, name).readAllBytes();
            return new String(bytes, StandardCharsets.UTF_8);
        }
    }

    static JsonNode json(String name) throws IOException {
        return new JsonMapper().readTree(text(name));
    }

    /// Copy a golden tokenizer into a folder as its tokenizer.json and read it.
    static BpeTokenizer tokenizer(Path folder, String name) throws IOException {
        Files.writeString(folder.resolve("tokenizer.json"), text(name));
        return BpeTokenizer.read(folder);
    }

    static String randomText(SplittableRandom random) {
        StringBuilder text = new StringBuilder();
        int parts = random.nextInt(1, 24);
        for (int i = 0; i < parts; i++) {
            if (random.nextInt(3) == 0) {
                text.append(SNIPPETS[random.nextInt(SNIPPETS.length)]);
                continue;
            }
            int[] range = RANGES[random.nextInt(RANGES.length)];
            for (int n = random.nextInt(1, 5); n > 0; n--) {
                text.appendCodePoint(random.nextInt(range[0], range[1] + 1));
            }
        }
        return text.toString();
    }
}
