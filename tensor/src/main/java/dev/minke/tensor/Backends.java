package dev.minke.tensor;

import dev.minke.tensor.reference.ReferenceBackend;
import dev.minke.tensor.spi.KernelBackend;
import dev.minke.tensor.spi.KernelBackend.Availability;
import dev.minke.tensor.spi.KernelSet;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;

/// Finds, probes and chooses back ends.
public final class Backends {
    private static final System.Logger LOG = System.getLogger(Backends.class.getName());

    private Backends() {}

    /// A back end and what its probe answered.
    public record Candidate(KernelBackend backend, Availability availability) {
        /// One line: the name, and its detail or what it misses.
        public String describe() {
            return backend.name()
                    + ": "
                    + switch (availability) {
                        case Availability.Usable usable -> usable.detail();
                        case Availability.Missing missing -> "missing, " + missing.reason();
                    };
        }
    }

    /// Every back end that is installed, usable or not; the reference last.
    public static List<Candidate> candidates() {
        List<Candidate> found = new ArrayList<>();
        var providers = ServiceLoader.load(KernelBackend.class).stream().iterator();
        while (true) {
            try {
                if (!providers.hasNext()) {
                    break;
                }
                KernelBackend backend = providers.next().get();
                found.add(new Candidate(backend, probe(backend)));
            } catch (ServiceConfigurationError | LinkageError e) {
                KernelBackend broken = new Unloadable(e);
                found.add(new Candidate(broken, broken.probe()));
            }
        }
        KernelBackend reference = new ReferenceBackend();
        found.add(new Candidate(reference, reference.probe()));
        return List.copyOf(found);
    }

    /// Open the back end that [RuntimeFlags#backend()] names, else the best usable one.
    ///
    /// Falling back to the scalar reference is logged as a warning with the reason.
    ///
    /// @throws IllegalArgumentException if the named one is unknown or unusable
    public static Kernels open(Team team) {
        return RuntimeFlags.backend().map(name -> open(team, name)).orElseGet(() -> best(team));
    }

    /// Open a back end by name.
    ///
    /// @throws IllegalArgumentException if it is unknown or unusable here, with the reason
    public static Kernels open(Team team, String name) {
        List<Candidate> all = candidates();
        Candidate chosen =
                all.stream()
                        .filter(c -> c.backend().name().equals(name))
                        .findFirst()
                        .orElseThrow(() -> unknown(name, all));
        if (chosen.availability() instanceof Availability.Missing missing) {
            throw new IllegalArgumentException(
                    "back end '%s' is not usable here: %s".formatted(name, missing.reason()));
        }
        return new Kernels(chosen.backend(), team);
    }

    private static IllegalArgumentException unknown(String name, List<Candidate> all) {
        String names = String.join(", ", all.stream().map(c -> c.backend().name()).toList());
        return new IllegalArgumentException(
                "unknown back end '%s', installed are: %s".formatted(name, names));
    }

    private static Kernels best(Team team) {
        List<Candidate> all = candidates();
        Optional<Candidate> best = Optional.empty();
        int priority = Integer.MIN_VALUE;
        for (Candidate candidate : all) {
            if (candidate.availability() instanceof Availability.Usable usable
                    && usable.priority() > priority) {
                best = Optional.of(candidate);
                priority = usable.priority();
            }
        }
        KernelBackend chosen = best.orElseThrow().backend(); // the reference is always usable
        if (chosen instanceof ReferenceBackend) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "running on the scalar reference back end, many times slower than vectors ("
                            + String.join("; ", all.stream().map(Candidate::describe).toList())
                            + ")");
        }
        return new Kernels(chosen, team);
    }

    private static Availability probe(KernelBackend backend) {
        try {
            return backend.probe();
        } catch (LinkageError e) {
            return missing(e);
        }
    }

    private static Availability.Missing missing(Throwable e) {
        String what = e.toString();
        Throwable cause = e.getCause();
        while (cause != null) {
            what = cause.toString();
            cause = cause.getCause();
        }
        return new Availability.Missing(
                what.replace('/', '.').contains("jdk.incubator.vector")
                        ? "start Java with --add-modules jdk.incubator.vector (" + what + ")"
                        : "its provider cannot be loaded (" + what + ")");
    }

    /// Stands for a provider whose class cannot be loaded, so that it is listed with the reason.
    private record Unloadable(Throwable failure) implements KernelBackend {
        @Override
        public String name() {
            // the class itself is out of reach; the only provider that needs this module is
            // `vector`
            return missing(failure).reason().contains("jdk.incubator.vector")
                    ? "vector"
                    : "unloadable";
        }

        @Override
        public Availability probe() {
            return missing(failure);
        }

        @Override
        public KernelSet open(Team team) {
            throw new IllegalStateException(
                    "back end " + name() + ": " + missing(failure).reason());
        }
    }
}
