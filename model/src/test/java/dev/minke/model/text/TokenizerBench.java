package dev.minke.model.text;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Measures, by hand, how fast each pre-tokenizer's encoder is: arguments are UTF-8 text files.
///
/// Trains a vocabulary on the first file, then encodes each file on one thread. With `runs` as the
/// only argument it times long runs of one kind of character in place of files.
final class TokenizerBench {
    private static final int ROUNDS = 5;

    private TokenizerBench() {}

    public static void main(String[] args) throws IOException {
        boolean runs = args.length == 1 && args[0].equals("runs");
        BpeDefinition trained =
                runs
                        ? BpeTokenizer.bytes().definition()
                        : BpeTrainer.train(
                                        BpeTrainer.Options.deepSeekV3(16_000),
                                        List.of(Files.readString(Path.of(args[0]))))
                                .definition();
        for (GgufPreTokenizer pre : GgufPreTokenizer.values()) {
            var tokenizer =
                    new BpeTokenizer(
                            new BpeDefinition(
                                    trained.tokens(),
                                    trained.merges(),
                                    trained.added(),
                                    pre.nfc(),
                                    pre.splits(),
                                    pre.wholePieces(),
                                    "",
                                    "",
                                    "",
                                    false));
            if (runs) {
                for (String unit : LongRunsTests.UNITS) {
                    measure(pre + " " + LongRunsTests.escaped(unit), tokenizer, run(unit), 1);
                }
            } else {
                for (String file : args) {
                    measure(pre + " " + file, tokenizer, Files.readString(Path.of(file)), ROUNDS);
                }
            }
        }
    }

    private static String run(String unit) {
        return unit.repeat(10_000_000 / unit.length());
    }

    private static void measure(String name, BpeTokenizer tokenizer, String text, int rounds) {
        double best = Double.POSITIVE_INFINITY;
        int tokens = 0;
        for (int i = 0; i < rounds; i++) {
            long start = System.nanoTime();
            tokens = tokenizer.encode(text).length;
            best = Math.min(best, (System.nanoTime() - start) * 1e-9);
        }
        double megabytes = text.getBytes(StandardCharsets.UTF_8).length * 1e-6;
        System.out.printf(
                "%-40s %7.1f MB %10d tokens %8.1f MB/s%n",
                name, megabytes, tokens, megabytes / best);
    }
}
