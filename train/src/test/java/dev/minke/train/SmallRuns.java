package dev.minke.train;

import dev.minke.tensor.Rng;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Runs that take milliseconds: eight steps of a model of a few thousand weights on a few kilobytes
/// of text.
final class SmallRuns {
    private static final String[] WORDS = {
        "the", "river", "über", "naïve", "stone", "кит", "moon", "a", "sings", "鯨", "slowly"
    };
    private static final String[] SETTINGS = {
        "model.hidden_size=16",
        "model.intermediate_size=24",
        "model.moe_intermediate_size=8",
        "model.num_attention_heads=2",
        "model.num_key_value_heads=2",
        "model.kv_lora_rank=8",
        "model.qk_nope_head_dim=4",
        "model.qk_rope_head_dim=4",
        "model.v_head_dim=4",
        "model.max_position_embeddings=64",
        "train.steps=8",
        "train.batchSize=2",
        "train.sequenceLength=16",
        "train.microBatchTokens=16",
        "train.warmupSteps=2",
        "train.evalEvery=3",
        "train.evalTokens=64",
        "train.snapshotEvery=3",
        "train.snapshotsKept=10"
    };

    private SmallRuns() {}

    /// The run on `data` with further settings, later ones winning.
    static RunConfig config(Path data, String... settings) {
        RunConfig.Draft draft = RunConfig.Draft.of(Presets.named("tiny"));
        for (String setting : SETTINGS) {
            draft.set(setting);
        }
        draft.files(List.of(data.toString()));
        for (String setting : settings) {
            draft.set(setting);
        }
        return draft.finish();
    }

    /// How it learns.
    static TrainConfig train(String... settings) {
        return config(Path.of("unused"), settings).train();
    }

    /// Write about `bytes` bytes of text in several scripts.
    static Path text(Path file, int bytes) throws IOException {
        Rng rng = new Rng(bytes);
        StringBuilder text = new StringBuilder();
        while (text.toString().getBytes(StandardCharsets.UTF_8).length < bytes) {
            text.append(WORDS[rng.nextInt(WORDS.length)]);
            text.append(rng.nextInt(9) == 0 ? ".\n" : " ");
        }
        return Files.writeString(file, text);
    }
}
