package dev.minke.model.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/// Fetches a model into a store.
///
/// Files are cut into ranges that several connections fetch at a time, written to `NAME.part` at
/// their places. What is fetched stays fetched: after a cut, a kill or a failure the same pull goes
/// on with what is missing. A file gets its name when its hash is right.
public final class ModelPull {
    /// How much may be written to a folder; a test has less.
    @FunctionalInterface
    interface Space {
        long usableBytes(Path folder) throws IOException;
    }

    private final HubClient client;
    private final ModelStore store;
    private final PullListener listener;
    private final Space space;

    /// @param listener is told how it goes
    public ModelPull(HubClient client, ModelStore store, PullListener listener) {
        this(client, store, listener, f -> Files.getFileStore(f).getUsableSpace());
    }

    ModelPull(HubClient client, ModelStore store, PullListener listener, Space space) {
        this.client = client;
        this.store = store;
        this.listener = listener;
        this.space = space;
    }

    /// Fetch what of a model is not there yet.
    ///
    /// @throws ChoiceNeeded if the repository has several GGUF models and none is named
    /// @throws HubException if the hub, the folder or the disk does not allow it, or content is
    ///   wrong
    /// @throws IOException if the network fails longer than patience allows
    public PullResult run(ModelReference reference, FileSelection selection, PullOptions options)
            throws IOException {
        HubRepository repository =
                client.repository(reference.repository(), reference.revision(), listener::note);
        List<HubFile> chosen = new ArrayList<>();
        for (HubFile file : selection.choose(repository, reference.quantisation())) {
            checkName(file, repository);
            chosen.add(client.withHash(repository, file, listener::note));
        }
        checkDistinct(chosen);
        Path folder = Files.createDirectories(options.out().orElse(store.folder(reference)));
        folder = folder.toRealPath();
        try (StoreLock _ = StoreLock.take(folder)) {
            Manifest manifest = manifest(reference, repository, folder);
            return new PullRun(client, listener, repository, folder, options, manifest)
                    .pull(chosen, space);
        }
    }

    private static void checkName(HubFile file, HubRepository repository) throws HubException {
        try {
            FileNames.checkPortable(file.name());
        } catch (IllegalArgumentException e) {
            throw new HubException(repository.name() + ": " + e.getMessage(), e);
        }
    }

    private static void checkDistinct(List<HubFile> files) throws HubException {
        try {
            FileNames.checkDistinct(files);
        } catch (IllegalArgumentException e) {
            throw new HubException(Objects.requireNonNullElse(e.getMessage(), ""), e);
        }
    }

    private Manifest manifest(ModelReference reference, HubRepository repository, Path folder)
            throws IOException {
        ModelReference base =
                new ModelReference(reference.repository(), reference.revision(), Optional.empty());
        List<Manifest.Entry> files = List.of();
        List<HubFile> missing = List.of();
        var before = Manifest.read(folder);
        if (before.isPresent()) {
            if (!before.get().reference().equals(base)) {
                throw new HubException(
                        "%s holds %s, expected %s or an empty folder; choose another one"
                                .formatted(folder, before.get().reference(), base));
            }
            files = before.get().files();
            missing = before.get().missing();
        }
        return new Manifest(
                base,
                repository.commit(),
                client.settings().endpoint().toString(),
                Instant.now().truncatedTo(ChronoUnit.SECONDS),
                files,
                missing);
    }
}
