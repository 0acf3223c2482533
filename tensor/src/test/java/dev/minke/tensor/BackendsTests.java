package dev.minke.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.minke.tensor.spi.KernelBackend;
import dev.minke.tensor.spi.KernelSet;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BackendsTests {
    @TempDir Path folder;

    @Test
    void theReferenceIsAlwaysThereAndUsable() {
        List<Backends.Candidate> all = Backends.candidates();
        Backends.Candidate last = all.get(all.size() - 1);
        assertThat(last.backend().name()).isEqualTo("reference");
        assertThat(last.availability()).isInstanceOf(KernelBackend.Availability.Usable.class);
        try (Team team = new Team(1)) {
            Kernels kernels = Backends.open(team, "reference");
            assertThat(kernels.team()).isSameAs(team);
            assertThat(kernels.describe()).contains("reference").contains("threads 1");
        }
    }

    @Test
    void anUnknownNameIsRefusedWithTheNamesThatExist() {
        try (Team team = new Team(1)) {
            assertThatThrownBy(() -> Backends.open(team, "abacus"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("unknown back end 'abacus', installed are: ")
                    .hasMessageContaining("reference");
        }
    }

    @Test
    void theBestUsableOneIsChosen() throws IOException {
        assumeTrue(RuntimeFlags.backend().isEmpty(), "no back end is forced");
        withProviders(
                () -> {
                    try (Team team = new Team(1)) {
                        assertThat(Backends.open(team).describe()).contains("reference");
                        assertThat(Backends.open(team, "preferred").team()).isSameAs(team);
                    }
                    assertThat(names()).containsExactly("preferred", "reference");
                },
                Preferred.class.getName());
        assertThat(Preferred.opened).isEqualTo(2);
    }

    @Test
    void aBackEndWithoutItsModuleIsListedWithTheRemedyAndRefused() throws IOException {
        withProviders(
                () -> {
                    Backends.Candidate broken = Backends.candidates().get(0);
                    assertThat(broken.describe())
                            .startsWith("broken: missing, ")
                            .contains("--add-modules jdk.incubator.vector");
                    try (Team team = new Team(1)) {
                        assertThatThrownBy(() -> Backends.open(team, "broken"))
                                .isInstanceOf(IllegalArgumentException.class)
                                .hasMessageStartingWith("back end 'broken' is not usable here: ")
                                .hasMessageContaining("--add-modules");
                        assertThat(Backends.open(team, "reference").describe())
                                .contains("reference");
                    }
                },
                Broken.class.getName());
    }

    @Test
    void aProviderThatCannotBeLoadedDoesNotHideTheOthers() throws IOException {
        withProviders(
                () -> {
                    assertThat(names())
                            .containsExactlyInAnyOrder(
                                    "unloadable", "vector", "preferred", "reference");
                    assertThat(Backends.candidates().toString()).contains("no.such.Provider");
                },
                "no.such.Provider",
                Unlinked.class.getName(),
                Preferred.class.getName());
    }

    private static List<String> names() {
        return Backends.candidates().stream().map(c -> c.backend().name()).toList();
    }

    /// Run with providers named by a service file of their own.
    private void withProviders(Runnable body, String... providers) throws IOException {
        Path services = Files.createDirectories(folder.resolve("META-INF/services"));
        Files.write(services.resolve(KernelBackend.class.getName()), List.of(providers));
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        try (var loader = new URLClassLoader(new URL[] {folder.toUri().toURL()}, before)) {
            thread.setContextClassLoader(loader);
            body.run();
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    /// Usable and of high priority; computes with the reference.
    public static final class Preferred implements KernelBackend {
        static int opened;

        @Override
        public String name() {
            return "preferred";
        }

        @Override
        public Availability probe() {
            return new Availability.Usable(1000, "for tests");
        }

        @Override
        public KernelSet open(Team team) {
            opened++;
            return new dev.minke.tensor.reference.ReferenceBackend().open(team);
        }
    }

    /// Fails in its probe, as a class does that needs an absent module.
    public static final class Broken implements KernelBackend {
        @Override
        public String name() {
            return "broken";
        }

        @Override
        public Availability probe() {
            throw new NoClassDefFoundError("jdk/incubator/vector/VectorSpecies");
        }

        @Override
        public KernelSet open(Team team) {
            throw new IllegalStateException("never opened");
        }
    }

    /// Fails when it is made.
    public static final class Unlinked implements KernelBackend {
        public Unlinked() {
            throw new NoClassDefFoundError("jdk/incubator/vector/Vector");
        }

        @Override
        public String name() {
            return "unlinked";
        }

        @Override
        public Availability probe() {
            throw new IllegalStateException("never probed");
        }

        @Override
        public KernelSet open(Team team) {
            throw new IllegalStateException("never opened");
        }
    }
}
