package dev.minke.infer.engine;

import static dev.minke.infer.engine.EngineLab.drawn;
import static dev.minke.infer.engine.EngineLab.greedy;
import static org.assertj.core.api.Assertions.assertThat;

import dev.minke.infer.engine.EngineLab.Heard;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.SmallModels;
import dev.minke.model.nn.Parameters;
import dev.minke.tensor.Backends;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Rng;
import dev.minke.tensor.RuntimeFlags;
import dev.minke.tensor.Team;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Prefixes on disk change how much is computed and nothing else.
@Timeout(120)
class PrefixDiskTests {
    private static final Team TEAM = new Team(2);
    private static final int[] PREFIX = SmallModels.tokens(300, EngineLab.VOCAB, 1);
    private static Kernels kernels;
    private static DeepSeekModel model;

    @TempDir private Path folder;

    @BeforeAll
    static void open() {
        kernels = Backends.open(TEAM, RuntimeFlags.backend().orElse("reference"));
        model = SmallModels.random(EngineLab.longV3(), Parameters.forInference(), 8);
    }

    @AfterAll
    static void close() {
        model.close();
        TEAM.close();
    }

    private EngineConfig config(int blocks) {
        return EngineLab.config(model, blocks).withPrefixDisk(new PrefixDisk(folder, 1 << 24));
    }

    private static EngineLab lab(EngineConfig config) {
        return new EngineLab(model, kernels, config);
    }

    /// A text that begins as others do.
    private static Request request(int number) {
        int[] prompt = Arrays.copyOf(PREFIX, 310);
        Arrays.fill(prompt, 300, 310, number);
        return Request.of(prompt, 30, drawn(number));
    }

    private static int[] alone(int number) {
        try (EngineLab lab = lab(EngineLab.config(model, 20))) {
            return lab.text(request(number));
        }
    }

    private int files() throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return (int) all.filter(p -> p.toString().endsWith(".kv")).count();
        }
    }

    @Test
    void aRestartedEngineReadsWhatTheOtherComputed() {
        for (PrefixReuse reuse : List.of(PrefixReuse.EXACT, PrefixReuse.ANY)) {
            EngineConfig config = config(20).withPrefixReuse(reuse);
            try (EngineLab lab = lab(config)) {
                assertThat(lab.text(request(1))).containsExactly(alone(1));
                assertThat(lab.core.stats().loadedTokens()).isZero();
            }
            try (EngineLab lab = lab(config)) {
                assertThat(lab.text(request(1))).containsExactly(alone(1));
                assertThat(lab.core.stats().loadedTokens()).isEqualTo(256);
                assertThat(lab.core.stats().reusedTokens()).isEqualTo(256);
                // from memory now
                assertThat(lab.text(request(2))).containsExactly(alone(2));
                assertThat(lab.core.stats().loadedTokens()).isEqualTo(256);
                assertThat(lab.core.stats().reusedTokens()).isEqualTo(512);
            }
        }
    }

    @Test
    void withoutReuseNothingIsKept() throws IOException {
        try (EngineLab lab = lab(config(20).withPrefixReuse(PrefixReuse.OFF))) {
            lab.text(request(1));
        }
        assertThat(files()).isZero();
    }

    @Test
    void textThatWasGeneratedIsKeptOnlyWhereALaterPromptMayUseIt() throws IOException {
        int[] prompt = Arrays.copyOf(PREFIX, 100);
        try (EngineLab lab = lab(config(20))) {
            lab.text(greedy(prompt, 200));
        }
        assertThat(files()).isEqualTo(1);
        EngineConfig any = config(20).withPrefixReuse(PrefixReuse.ANY);
        int[] turn;
        try (EngineLab lab = lab(any)) {
            int[] text = lab.text(greedy(prompt, 200));
            turn = Arrays.copyOf(prompt, 300);
            System.arraycopy(text, 0, turn, 100, 200);
        }
        try (EngineLab lab = lab(any)) {
            lab.text(greedy(turn, 5));
            assertThat(lab.core.stats().loadedTokens()).isEqualTo(256);
        }
    }

    @Test
    void whatMemoryCouldNotHoldComesBackFromDisk() throws InterruptedException {
        try (EngineLab lab = lab(config(7))) {
            int[] first = lab.text(request(1));
            lab.core.store().orElseThrow().flush();
            lab.text(greedy(SmallModels.tokens(380, EngineLab.VOCAB, 9), 60));
            assertThat(lab.text(request(1))).containsExactly(first).containsExactly(alone(1));
            assertThat(lab.core.stats().loadedTokens()).isPositive();
        }
    }

    @Test
    void memoryAndDiskMayTakeTurns() throws IOException {
        try (EngineLab lab = lab(config(20))) {
            lab.text(request(1));
        }
        // of the four blocks of the prefix some are gone: what is behind a gap is of no use
        List<Path> all;
        try (Stream<Path> files = Files.list(folder)) {
            all = files.filter(p -> p.toString().endsWith(".kv")).sorted().toList();
        }
        byte[][] kept = new byte[all.size()][];
        for (int i = 0; i < all.size(); i++) {
            kept[i] = Files.readAllBytes(all.get(i));
        }
        for (int mask = 0; mask < 16; mask++) {
            for (int i = 0; i < 4; i++) {
                if ((mask >> i & 1) != 0) {
                    Files.write(all.get(i), kept[i]);
                } else {
                    Files.deleteIfExists(all.get(i));
                }
            }
            try (EngineLab lab = lab(config(20))) {
                assertThat(lab.text(request(1))).containsExactly(alone(1));
                assertThat(lab.core.stats().loadedTokens()).isBetween(0L, 256L);
                lab.core.pool().check();
            }
        }
    }

    @Test
    void damageCostsTimeAndNothingElse() throws IOException {
        Rng rng = new Rng(3);
        for (int round = 0; round < 12; round++) {
            try (EngineLab lab = lab(config(20))) {
                assertThat(lab.text(request(round % 3))).containsExactly(alone(round % 3));
                assertThat(lab.core.stats().heldBlocks()).isZero();
            }
            assertThat(files()).isEqualTo(4);
            try (Stream<Path> files = Files.list(folder)) {
                for (Path path : files.filter(p -> p.toString().endsWith(".kv")).toList()) {
                    byte[] bytes = Files.readAllBytes(path);
                    if (rng.nextInt(3) == 0) {
                        bytes[rng.nextInt(bytes.length)] ^= 4;
                        Files.write(path, bytes);
                    }
                }
            }
        }
    }

    @Test
    void anotherModelOrCacheReadsNothing() {
        try (EngineLab lab = lab(config(20))) {
            lab.text(request(1));
        }
        try (EngineLab lab = lab(config(20).withCacheType(CacheType.BF16))) {
            lab.text(request(1));
            assertThat(lab.core.stats().loadedTokens()).isZero();
        }
        try (EngineLab lab = lab(config(20).withPrefixReuse(PrefixReuse.ANY))) {
            lab.text(request(1));
            assertThat(lab.core.stats().loadedTokens()).isZero();
        }
        for (String changed : List.of("model.norm.weight", "model.layers.0.mlp.up_proj.weight")) {
            try (DeepSeekModel other =
                    SmallModels.random(EngineLab.longV3(), Parameters.forInference(), 8)) {
                other.parameters().all().stream()
                        .filter(p -> p.name().equals(changed))
                        .forEach(p -> p.value().setFloat(0, 0, 0.125f));
                try (EngineLab lab = new EngineLab(other, kernels, config(20))) {
                    lab.text(request(1));
                    assertThat(lab.core.stats().loadedTokens()).as(changed).isZero();
                }
            }
        }
        try (EngineLab lab = lab(config(20))) {
            lab.text(request(1));
            assertThat(lab.core.stats().loadedTokens()).isEqualTo(256);
        }
    }

    @Test
    void aSecondEngineRunsWithoutTheFolder() {
        try (EngineLab lab = lab(config(20));
                EngineLab second = lab(config(20))) {
            assertThat(second.core.store()).isEmpty();
            assertThat(second.text(request(1))).containsExactly(lab.text(request(1)));
        }
    }

    @Test
    void aCrowdThatIsSentBackAndReadsFromDiskChangesNobodysText() throws IOException {
        EngineConfig crowded = EngineLab.withReserve(config(14), 0);
        Rng rng = new Rng(5);
        try (EngineLab calm = lab(EngineLab.config(model, 40))) {
            for (int round = 0; round < 3; round++) {
                List<Request> requests = new ArrayList<>();
                List<Heard> heard = new ArrayList<>();
                EngineStats stats;
                try (EngineLab lab = lab(crowded)) {
                    for (int i = 0; i < 20; i++) {
                        int[] prompt = Arrays.copyOf(PREFIX, 60 + rng.nextInt(240));
                        prompt[rng.nextInt(prompt.length)] = rng.nextInt(EngineLab.VOCAB);
                        Request request = Request.of(prompt, 1 + rng.nextInt(100), drawn(i));
                        requests.add(request.withChoices(1 + i % 2).withPriority(i % 3));
                        heard.add(lab.submit(requests.getLast()));
                        for (int steps = rng.nextInt(6); steps > 0; steps--) {
                            lab.step();
                        }
                    }
                    lab.finish();
                    stats = lab.core.stats();
                }
                assertThat(stats.preemptions()).isPositive();
                assertThat(stats.heldBlocks()).isZero();
                assertThat(round == 0 || stats.loadedTokens() > 0).isTrue();
                for (int i = 0; i < requests.size(); i++) {
                    Heard alone = calm.submit(requests.get(i));
                    calm.finish();
                    assertThat(heard.get(i).tokens).as("request %d", i).isEqualTo(alone.tokens);
                }
            }
        }
        assertThat(files()).isPositive();
    }
}
