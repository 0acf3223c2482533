package dev.minke.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// `generate` on a model of random weights, whose tokens are bytes.
class GenerateTests {
    @TempDir private Path temp;
    private String model = "";

    @BeforeEach
    void makeAModel() {
        model = temp.resolve("model").toString();
        var init = new CapturedConsole(false);
        assertThat(
                        Main.run(
                                init.console,
                                "init",
                                "--config",
                                "tiny",
                                "--out",
                                model,
                                "--tokenizer",
                                "bytes"))
                .as(init.err())
                .isZero();
    }

    private record Outcome(int exit, String out, String err) {}

    private Outcome run(String... options) {
        List<String> args = new ArrayList<>(List.of("generate", model, "Once"));
        args.addAll(List.of("--backend", "reference", "--threads", "1"));
        args.addAll(List.of(options));
        var captured = new CapturedConsole(false);
        int exit = Main.run(captured.console, args.toArray(String[]::new));
        return new Outcome(exit, captured.out(), captured.err());
    }

    private List<JsonNode> lines(String... options) {
        List<String> all = new ArrayList<>(List.of(options));
        all.add("--json");
        Outcome outcome = run(all.toArray(String[]::new));
        assertThat(outcome.exit()).as(outcome.err()).isZero();
        return outcome.out().lines().map(JsonMapper.shared()::readTree).toList();
    }

    private static List<Integer> ids(List<JsonNode> lines) {
        return lines.subList(0, lines.size() - 1).stream().map(l -> l.path("id").asInt()).toList();
    }

    @Test
    void textIsStreamedAfterThePrompt() {
        Outcome outcome = run("-n", "6", "--ignore-eos");
        assertThat(outcome.exit()).as(outcome.err()).isZero();
        assertThat(outcome.out()).startsWith("Once").endsWith("\n");
        assertThat(outcome.err()).contains("6 tokens, ");
        assertThat(run("-n", "6", "--ignore-eos").out()).isEqualTo(outcome.out());
        assertThat(run("-n", "6", "--ignore-eos", "--seed", "2").out()).isNotEqualTo(outcome.out());
    }

    @Test
    void jsonHasALineForEveryTokenAndTheResult() {
        List<JsonNode> lines = lines("-n", "8", "--ignore-eos");
        assertThat(lines).hasSize(9);
        StringBuilder text = new StringBuilder();
        lines.forEach(line -> text.append(line.path("text").asString("")));
        assertThat(run("-n", "8", "--ignore-eos").out()).isEqualTo("Once" + text + "\n");
        JsonNode first = lines.getFirst();
        assertThat(first.path("bytes").isArray()).isTrue();
        assertThat(first.has("logprob")).isFalse();
        JsonNode result = lines.getLast();
        assertThat(result.path("finish_reason").asString()).isEqualTo("length");
        assertThat(result.path("completion_tokens").asInt()).isEqualTo(8);
        assertThat(result.path("prompt_tokens").asInt()).isBetween(4, 5);
        assertThat(result.path("tokens_per_second").asDouble()).isPositive();
    }

    @Test
    void aStopTextEndsBeforeItself() {
        String[] base = {"-n", "30", "--ignore-eos", "--temperature", "0.5"};
        String all = run(base).out();
        String text = all.substring("Once".length(), all.length() - 1);
        int at = text.codePoints().limit(8).map(Character::charCount).sum();
        String stop = text.substring(at, text.offsetByCodePoints(at, 3));
        List<String> stopped = new ArrayList<>(List.of(base));
        stopped.addAll(List.of("--stop", stop, "--stop", "no such text"));
        assertThat(run(stopped.toArray(String[]::new)).out())
                .isEqualTo("Once" + text.substring(0, text.indexOf(stop)) + "\n");
        JsonNode result = lines(stopped.toArray(String[]::new)).getLast();
        assertThat(result.path("finish_reason").asString()).isEqualTo("stop");
        assertThat(result.path("stop").asString()).isEqualTo(stop);
        stopped.addAll(List.of("--min-tokens", "30"));
        assertThat(run(stopped.toArray(String[]::new)).out()).isEqualTo(all);
    }

    @Test
    void logprobsGoToStandardErrorOrIntoTheLines() {
        Outcome outcome = run("-n", "3", "--ignore-eos", "--logprobs", "2", "--temperature", "0");
        List<JsonNode> plain =
                outcome.err()
                        .lines()
                        .filter(line -> line.startsWith("{"))
                        .map(JsonMapper.shared()::readTree)
                        .toList();
        List<JsonNode> json =
                lines("-n", "3", "--ignore-eos", "--logprobs", "2", "--temperature", "0");
        assertThat(plain).hasSize(3);
        for (int i = 0; i < 3; i++) {
            JsonNode line = plain.get(i);
            assertThat(line.path("top_logprobs")).hasSize(2);
            assertThat(line.path("logprob").asDouble()).isBetween(-20.0, 0.0);
            assertThat(json.get(i).path("top_logprobs")).isEqualTo(line.path("top_logprobs"));
            assertThat(json.get(i).path("logprob")).isEqualTo(line.path("logprob"));
            assertThat(json.get(i).path("id")).isEqualTo(line.path("id"));
        }
        JsonNode best = plain.getFirst().path("top_logprobs").path(0);
        assertThat(best.path("logprob").asDouble())
                .isCloseTo(plain.getFirst().path("logprob").asDouble(), within(1e-9));
        assertThat(lines("-n", "2", "--logprobs", "0").getFirst().path("top_logprobs")).isEmpty();
    }

    @Test
    void everyFilterReachesTheSampler() {
        String[] hot = {"-n", "20", "--ignore-eos", "--temperature", "3"};
        List<Integer> greedy = ids(lines("-n", "20", "--ignore-eos", "--temperature", "0"));
        assertThat(ids(lines(hot))).isNotEqualTo(greedy);
        for (List<String> filter :
                List.of(
                        List.of("--top-k", "1"),
                        List.of("--top-p", "1e-9"),
                        List.of("--min-p", "1"),
                        List.of("--logit-bias", greedy.getFirst() + "=100"))) {
            List<String> args = new ArrayList<>(List.of(hot));
            args.addAll(filter);
            List<Integer> drawn = ids(lines(args.toArray(String[]::new)));
            int same = filter.contains("--logit-bias") ? 1 : 20; // the bias holds its token always
            assertThat(drawn.subList(0, same)).as("%s", filter).isEqualTo(greedy.subList(0, same));
        }
        List<Integer> other =
                ids(
                        lines(
                                "-n",
                                "20",
                                "--temperature",
                                "0",
                                "--logit-bias",
                                greedy.getFirst() + "=-Infinity",
                                "--logit-bias",
                                greedy.getLast() + "=-100"));
        assertThat(other).doesNotContain(greedy.getFirst(), greedy.getLast());
        for (List<String> penalty :
                List.of(
                        List.of("--presence-penalty", "100"),
                        List.of("--frequency-penalty", "100"),
                        List.of("--repeat-penalty", "100", "--repeat-last-n", "-1"))) {
            List<String> args =
                    new ArrayList<>(List.of("-n", "20", "--temperature", "0", "--ignore-eos"));
            args.addAll(penalty);
            assertThat(ids(lines(args.toArray(String[]::new))))
                    .as("%s", penalty)
                    .doesNotHaveDuplicates();
        }
        assertThat(ids(lines("-n", "9", "--ignore-eos", "--typical", "0.01"))).hasSize(9);
    }

    @Test
    void choicesShareAPromptAndReadAsIfAlone() {
        String[] base = {"-n", "9", "--ignore-eos"};
        String one = run(base).out();
        Outcome three = run("-n", "9", "--ignore-eos", "--choices", "3");
        assertThat(three.exit()).as(three.err()).isZero();
        assertThat(three.out()).startsWith("--- 1 of 3\n" + one + "--- 2 of 3\nOnce");
        assertThat(three.err()).contains("27 tokens, ");
        List<JsonNode> lines = lines("-n", "9", "--ignore-eos", "--choices", "3");
        assertThat(lines).hasSize(28);
        StringBuilder all = new StringBuilder();
        for (int choice = 0; choice < 3; choice++) {
            all.append("--- ").append(choice + 1).append(" of 3\nOnce");
            for (JsonNode line : lines) {
                if (line.path("index").asInt(-1) == choice) {
                    all.append(line.path("text").asString());
                }
            }
            all.append('\n');
        }
        assertThat(all.toString()).isEqualTo(three.out());
        JsonNode result = lines.getLast();
        assertThat(result.path("choices")).hasSize(3);
        assertThat(result.path("choices").path(2).path("finish_reason").asString())
                .isEqualTo("length");
        assertThat(result.path("choices").path(2).path("completion_tokens").asInt()).isEqualTo(9);
        assertThat(result.path("completion_tokens").asInt()).isEqualTo(27);
    }

    @Test
    void guessesAheadChangeNothing() {
        String[] base = {"-n", "60", "--temperature", "0.3", "--ignore-eos", "--speculate"};
        List<String> outs = new ArrayList<>();
        for (String how : List.of("off", "auto", "lookup:3", "mtp", "mtp:1")) {
            List<String> args = new ArrayList<>(List.of(base));
            args.add(how);
            Outcome outcome = run(args.toArray(String[]::new));
            assertThat(outcome.exit()).as(outcome.err()).isZero();
            outs.add(outcome.out());
        }
        assertThat(outs).containsOnly(outs.getFirst());
    }

    @Test
    void aSmallerCacheTakesTheSamePathAtFirst() {
        List<Integer> exact = ids(lines("-n", "12", "--temperature", "0", "--ignore-eos"));
        List<Integer> half =
                ids(
                        lines(
                                "-n",
                                "12",
                                "--temperature",
                                "0",
                                "--ignore-eos",
                                "--cache-type",
                                "bf16"));
        assertThat(half).hasSize(12);
        assertThat(half.getFirst()).isEqualTo(exact.getFirst());
    }

    private Path file(String name, String text) {
        try {
            return Files.writeString(temp.resolve(name), text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String completion(String... options) {
        Outcome outcome = run(options);
        assertThat(outcome.exit()).as(outcome.err()).isZero();
        assertThat(outcome.out()).startsWith("Once");
        return outcome.out().substring(4, outcome.out().length() - 1);
    }

    @Test
    void textIsHeldToALanguage() {
        assertThat(completion("--regex", "[a-c]{3}(-\\d)?;")).matches("[a-c]{3}(-\\d)?;");
        assertThat(run("--regex", "(no|yes)", "--choices", "2").out())
                .matches("--- 1 of 2\nOnce(no|yes)\n--- 2 of 2\nOnce(no|yes)\n");
        Path schema =
                file(
                        "schema.json",
                        """
                        {"type": "object", "additionalProperties": false, "required": ["size", "big"],
                         "properties": {"size": {"enum": ["small", "large"]}, "big": {"type": "boolean"}}}
                        """);
        for (String temperature : List.of("0", "1.5")) {
            JsonNode value =
                    JsonMapper.shared()
                            .readTree(
                                    completion(
                                            "--json-schema",
                                            schema.toString(),
                                            "--temperature",
                                            temperature));
            assertThat(value.path("size").asString()).isIn("small", "large");
            assertThat(value.path("big").isBoolean()).isTrue();
        }
        Path grammar = file("g.gbnf", "root ::= word (\", \" word)+ \".\"\nword ::= [x-z]{2}\n");
        assertThat(completion("--grammar", grammar.toString(), "-n", "500", "--temperature", "0.9"))
                .matches("[x-z]{2}(, [x-z]{2})+\\.");
        List<JsonNode> lines = lines("--regex", "ab", "--ignore-eos", "--min-tokens", "9");
        assertThat(ids(lines)).hasSize(2);
        assertThat(lines.getLast().path("finish_reason").asString()).isEqualTo("stop");
    }

    @Test
    void languagesThatDoNotWorkAreRefusedInOneLine() {
        Path not = file("not.json", "{\"not\": {\"type\": \"string\"}}");
        Path bytes = temp.resolve("latin.gbnf");
        try {
            Files.write(bytes, new byte[] {'r', (byte) 0xe9});
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        refused("not.json: schema", "--json-schema", not.toString());
        refused("no such file: ", "--json-schema", temp.resolve("none.json").toString());
        refused("pattern, line 1", "--regex", "(a");
        refused("latin.gbnf: not a text in UTF-8", "--grammar", bytes.toString());
        refused("exclude each other", "--regex", "a", "--grammar", not.toString());
    }

    private void refused(String problem, String... options) {
        Outcome outcome = run(options);
        assertThat(outcome.exit()).isEqualTo(1);
        assertThat(outcome.err()).startsWith("minke: ").contains(problem).hasLineCount(1);
        assertThat(outcome.out()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "--speculate fast; is no way to speculate, expected off, mtp, lookup or auto",
                "--speculate mtp:99; maxDrafts is 99",
                "--cache-type q3; expected one of [F32",
            })
    void whatIsNoOptionIsWrongUsage(String options, String problem) {
        Outcome outcome = run(options.split(" "));
        assertThat(outcome.exit()).isEqualTo(2);
        assertThat(outcome.err()).startsWith("minke: ").contains(problem).hasLineCount(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "--min-p 2; min-p is 2.0, expected 0 to 1",
                "--typical 0; typical-p is 0.0",
                "--repeat-penalty 0; repetition penalty is 0.0",
                "--repeat-last-n -2; the last -2 tokens",
                "--presence-penalty 101; presence penalty is 101.0",
                "--frequency-penalty NaN; frequency penalty is NaN",
                "--logit-bias 5=101; logit bias of token 5 is 101.0",
                "--logit-bias 99999=1; logit bias names token 99999",
                "--logprobs -2; logprobs is -2",
                "--max-tokens 0; --max-tokens is 0, expected 1 or more",
                "--choices 0; --choices is 0, expected 1 to 512",
                "--max-tokens 2000000000; longer than max_position_embeddings",
                "--min-tokens 300; min tokens is 300, expected 0 to max tokens, 256"
            })
    void whatDoesNotFitIsRefusedInOneLine(String options, String problem) {
        Outcome outcome = run(options.split(" "));
        assertThat(outcome.exit()).isEqualTo(1);
        assertThat(outcome.err()).startsWith("minke: ").contains(problem).hasLineCount(1);
        assertThat(outcome.out()).isEmpty();
    }
}
