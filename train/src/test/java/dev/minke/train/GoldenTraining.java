package dev.minke.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.minke.model.checkpoint.Safetensors;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.ModelFolder;
import dev.minke.model.deepseek.TokenBatch.Sequence;
import dev.minke.model.nn.Parameter;
import dev.minke.model.nn.Parameters;
import dev.minke.tensor.DType;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Tensor;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Eight optimiser steps that were computed in float64 with gradients by differences, for every
/// back end.
///
/// A model of 12,000 weights with query compression, groups, a shared expert and an MTP module,
/// under main, MTP and balance loss; two sequences of 14 tokens a step.
public final class GoldenTraining {
    private static final int STEPS = 8;
    private static final double LOSS = 1e-5;
    private static final double GRADIENT = 1e-3;
    private static final double WEIGHT = 2e-5;

    /// The settings of `training.json`.
    private static final TrainConfig CONFIG =
            new TrainConfig(
                    0, STEPS, 2, 14, 28, 0.01, 0.01, 0, 1, 0.9, 0.95, 1e-8, 0.1, 1.0, 0.02, 0.3,
                    0.05, 0.01, 0, 0, 0, 0, 1);

    private GoldenTraining() {}

    /// Train and compare every loss, the first gradients, the routed tokens and the last weights.
    ///
    /// @param scratch an empty folder
    public static void check(Kernels kernels, Path scratch) throws IOException {
        for (String file :
                List.of(
                        "hf/config.json",
                        "hf/model.safetensors",
                        "gradients.safetensors",
                        "final.safetensors",
                        "training.json")) {
            Path to = scratch.resolve(file);
            Files.createDirectories(to.getParent());
            Files.write(to, resource(file));
        }
        JsonNode training =
                JsonMapper.builder()
                        .build()
                        .readTree(Files.readString(scratch.resolve("training.json")));
        DeepSeekModel model =
                ModelFolder.load(scratch.resolve("hf"), Parameters.forTraining(), kernels);
        try (Trainer trainer = new Trainer(model, CONFIG, kernels)) {
            for (int step = 0; step < STEPS; step++) {
                Trainer.StepReport report = trainer.step(batch(training, step));
                compare(report, training.get("steps").get(step));
                if (step == 0) {
                    compare(model, scratch.resolve("gradients.safetensors"), true);
                }
            }
            compare(model, scratch.resolve("final.safetensors"), false);
        }
    }

    private static List<Sequence> batch(JsonNode training, int step) {
        List<Sequence> batch = new ArrayList<>();
        for (JsonNode tokens : training.get("batches").get(step)) {
            int[] ids = new int[tokens.size()];
            for (int i = 0; i < ids.length; i++) {
                ids[i] = tokens.get(i).asInt();
            }
            batch.add(Sequence.whole(ids));
        }
        return batch;
    }

    private static void compare(Trainer.StepReport report, JsonNode expected) {
        String step = "step " + report.step() + " ";
        close(step + "loss", report.loss(), expected.get("loss").asDouble());
        close(step + "main", report.mainLoss(), expected.get("main").asDouble());
        close(step + "mtp", report.mtpLoss(), expected.get("mtp").asDouble());
        double balance = report.balanceLoss() / CONFIG.balanceAlpha();
        close(step + "balance", balance, expected.get("balance").asDouble());
        double norm = expected.get("gradNorm").asDouble();
        assertThat(Math.abs(report.gradientNorm() / norm - 1)).as(step + "norm").isLessThan(1e-4);
        for (int layer = 1; layer <= 2; layer++) {
            List<Long> counts = new ArrayList<>();
            expected.get("counts").get("" + layer).forEach(n -> counts.add(n.asLong()));
            assertThat(report.counts().get(layer))
                    .as(step + "layer " + layer)
                    .containsExactly(counts.stream().mapToLong(Long::longValue).toArray());
        }
    }

    private static void close(String what, double actual, double expected) {
        assertThat(Math.abs(actual / expected - 1))
                .as("%s %s, expected %s", what, actual, expected)
                .isLessThan(LOSS);
    }

    private static void compare(DeepSeekModel model, Path file, boolean gradients)
            throws IOException {
        List<Parameter> parameters =
                gradients ? model.parameters().trained() : model.parameters().all();
        Function<Parameter, Tensor> of = p -> gradients ? p.var().gradient() : p.value();
        try (Safetensors golden = Safetensors.open(file)) {
            for (Parameter parameter : parameters) {
                for (Parameter.Entry entry : parameter.entries(of.apply(parameter))) {
                    Tensor expected =
                            Tensor.of(
                                    golden.data(entry.name()),
                                    0,
                                    DType.F32,
                                    entry.tensor().shape());
                    compare(entry.name(), entry.tensor(), expected, gradients);
                }
            }
        }
    }

    private static void compare(String name, Tensor tensor, Tensor golden, boolean gradient) {
        float[] actual = tensor.toFloats();
        float[] expected = golden.toFloats();
        double largest = 1e-6;
        for (float value : expected) {
            largest = Math.max(largest, Math.abs(value));
        }
        double allowed = gradient ? GRADIENT * largest : WEIGHT;
        for (int i = 0; i < expected.length; i++) {
            if (!(Math.abs(actual[i] - expected[i]) <= allowed)) {
                fail(
                        "%s of %s at %d is %s, expected %s within %s",
                        gradient ? "gradient" : "weight", name, i, actual[i], expected[i], allowed);
            }
        }
    }

    private static byte[] resource(String path) throws IOException {
        String name = "/golden/micro-training/" + path;
        try (var in = GoldenTraining.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new FileNotFoundException("no test resource " + name);
            }
            return in.readAllBytes();
        }
    }
}
