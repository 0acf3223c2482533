package dev.minke.cli;

import dev.minke.infer.Penalties;
import dev.minke.infer.SamplingParams;
import dev.minke.infer.StopParams;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Option;

/// The options of every command that draws tokens: how, and when it ends.
final class SamplingOptions {
    @Option(
            names = {"-n", "--max-tokens"},
            paramLabel = "N",
            defaultValue = "256",
            description = "Most tokens to draw (default: ${DEFAULT-VALUE}).")
    private int maxTokens;

    @Option(
            names = "--min-tokens",
            paramLabel = "N",
            defaultValue = "0",
            description = "Neither stop nor end the text before N tokens.")
    private int minTokens;

    @Option(
            names = "--stop",
            paramLabel = "TEXT",
            description = "End before this text; may be given several times.")
    private List<String> stop = List.of();

    @Option(names = "--ignore-eos", description = "Never draw the token that ends a text.")
    private boolean ignoreEos;

    @Option(
            names = "--temperature",
            paramLabel = "T",
            defaultValue = "0.8",
            description = "Divides the logits; 0 takes the best token (default: ${DEFAULT-VALUE}).")
    private double temperature;

    @Option(
            names = "--top-p",
            paramLabel = "P",
            defaultValue = "0.95",
            description =
                    "Draw from the best tokens with this probability (default: ${DEFAULT-VALUE}).")
    private double topP;

    @Option(
            names = "--top-k",
            paramLabel = "K",
            defaultValue = "0",
            description = "Draw from the best K tokens; 0 for all (default: ${DEFAULT-VALUE}).")
    private int topK;

    @Option(
            names = "--min-p",
            paramLabel = "P",
            defaultValue = "0",
            description =
                    "Draw from tokens with this share of the best one's probability (default:"
                            + " ${DEFAULT-VALUE}).")
    private double minP;

    @Option(
            names = "--typical",
            paramLabel = "P",
            defaultValue = "1",
            description =
                    "Draw from the most typical tokens with this probability (default:"
                            + " ${DEFAULT-VALUE}, off).")
    private double typicalP;

    @Option(
            names = "--repeat-penalty",
            paramLabel = "X",
            defaultValue = "1",
            description =
                    "Divides the positive logits of tokens seen before, multiplies others (default:"
                            + " ${DEFAULT-VALUE}, off).")
    private double repeatPenalty;

    @Option(
            names = "--repeat-last-n",
            paramLabel = "N",
            defaultValue = "64",
            description =
                    "How many tokens back --repeat-penalty looks; -1 for all (default:"
                            + " ${DEFAULT-VALUE}).")
    private int repeatLastN;

    @Option(
            names = "--presence-penalty",
            paramLabel = "X",
            defaultValue = "0",
            description =
                    "Subtracted from the logits of tokens drawn before (default:"
                            + " ${DEFAULT-VALUE}).")
    private double presencePenalty;

    @Option(
            names = "--frequency-penalty",
            paramLabel = "X",
            defaultValue = "0",
            description = "Subtracted for each time a token was drawn (default: ${DEFAULT-VALUE}).")
    private double frequencyPenalty;

    @Option(
            names = "--logit-bias",
            paramLabel = "ID=X",
            description =
                    "Added to the logit of a token, -100 to 100; -Infinity forbids it; may be given"
                            + " several times.")
    private Map<Integer, Double> logitBias = Map.of();

    @Option(
            names = "--logprobs",
            paramLabel = "N",
            defaultValue = "-1",
            description =
                    "Report log-probabilities of every token and the N best beside it, as lines of"
                            + " JSON.")
    private int logprobs;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "Equal seeds give equal texts (default: ${DEFAULT-VALUE}).")
    private long seed;

    /// How to draw.
    ///
    /// @throws IllegalArgumentException naming the value that is out of range
    SamplingParams sampling() {
        return new SamplingParams(
                temperature,
                topK,
                topP,
                minP,
                typicalP,
                new Penalties(repeatPenalty, repeatLastN, presencePenalty, frequencyPenalty),
                logitBias,
                logprobs,
                seed);
    }

    /// When to end.
    ///
    /// @throws IllegalArgumentException naming the value that is out of range
    StopParams stops() {
        if (maxTokens < 1) {
            throw new IllegalArgumentException(
                    "--max-tokens is %d, expected 1 or more".formatted(maxTokens));
        }
        return new StopParams(maxTokens, minTokens, ignoreEos, List.of(), stop);
    }
}
