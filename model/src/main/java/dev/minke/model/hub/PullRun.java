package dev.minke.model.hub;

import dev.minke.model.hub.Spans.Span;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// One pull under way: what is missing is cut into ranges, fetched by several threads, verified by
/// others, and noted in the manifest file by file.
final class PullRun implements FileDownload.Pull {
    private static final long SPARE_BYTES = 64L << 20;
    private static final long STOP_SECONDS = 2;
    private static final int VERIFIERS = 2;

    private final HubClient client;
    private final PullListener listener;
    private final HubRepository repository;
    private final Path folder;
    private final PullOptions options;
    private final CountDownLatch stop = new CountDownLatch(1);
    private final AtomicReference<@Nullable IOException> failure = new AtomicReference<>();
    private final AtomicBoolean saidNoRanges = new AtomicBoolean();
    private final Set<HubBody> bodies = ConcurrentHashMap.newKeySet();
    private final List<String> wrong = new ArrayList<>();
    private Manifest manifest;
    private PullMeter meter;

    private record Work(FileDownload download, Span span) {}

    /// @param folder locked, and known by `manifest`
    PullRun(
            HubClient client,
            PullListener listener,
            HubRepository repository,
            Path folder,
            PullOptions options,
            Manifest manifest) {
        this.client = client;
        this.listener = listener;
        this.repository = repository;
        this.folder = folder;
        this.options = options;
        this.manifest = manifest;
        this.meter = new PullMeter(listener, System::nanoTime, 0, 0, 0, 0);
    }

    /// @param chosen the files of the model
    /// @param space how much may be written
    PullResult pull(List<HubFile> chosen, ModelPull.Space space) throws IOException {
        List<HubFile> missing = missing(chosen);
        long bytes = HubFile.bytes(chosen);
        long toFetch = 0;
        for (HubFile file : missing) {
            toFetch += file.size() - look(file).spans().bytes();
        }
        checkSpace(toFetch, space.usableBytes(folder));
        listener.planned(repository, folder, chosen.size(), bytes, toFetch);
        begin(missing);
        meter =
                new PullMeter(
                        listener,
                        System::nanoTime,
                        bytes,
                        chosen.size(),
                        bytes - HubFile.bytes(missing),
                        chosen.size() - missing.size());
        if (!missing.isEmpty()) {
            fetch(missing);
        }
        StoredModel.Format format = StoredModel.formatOf(chosen);
        Path model =
                format == StoredModel.Format.GGUF
                        ? folder.resolve(
                                GgufModel.among(chosen).getFirst().parts().getFirst().name())
                        : folder;
        return new PullResult(
                folder, model, repository.commit(), chosen.size(), bytes, meter.fetchedBytes());
    }

    /// Which of the files are not there, nothing of anybody else in their places.
    private List<HubFile> missing(List<HubFile> chosen) throws IOException {
        List<HubFile> missing = new ArrayList<>();
        for (HubFile file : chosen) {
            Path path = FileNames.resolve(folder, file.name());
            var entry = manifest.entry(file.name());
            boolean same = entry.isPresent() && entry.get().file().equals(file);
            if (entry.isPresent() && entry.get().isStill(path)) {
                if (!same) {
                    missing.add(file);
                }
            } else if (Files.exists(path)) {
                if (!FileNames.isFile(path)) {
                    throw new HubException(
                            "%s is no file; move it away and pull again".formatted(path));
                }
                if (has(path, file)) {
                    manifest = manifest.with(file, path);
                } else if (entry.isPresent() && has(path, entry.get().file())) {
                    missing.add(file);
                } else {
                    throw new HubException(
                            "%s is not what was pulled and not what the hub has; move it away and pull again"
                                    .formatted(path));
                }
            } else {
                missing.add(file);
            }
        }
        return missing;
    }

    private static boolean has(Path path, HubFile file) throws IOException {
        return Files.size(path) == file.size()
                && file.hash().isPresent()
                && PartFile.hash(path, file.hash().get()).equals(file.hash().get());
    }

    private PartFile.Left look(HubFile file) throws IOException {
        Path path = FileNames.resolve(folder, file.name());
        FileNames.resolve(folder, file.name() + PartFile.SUFFIX);
        FileNames.resolve(folder, file.name() + PartFile.LOG_SUFFIX);
        PartFile.Left left = PartFile.look(path, file.size(), identity(file));
        if (left.outdated()) {
            listener.note(file.name() + " has changed on the hub: it is fetched anew");
            PartFile.delete(path);
        }
        return left;
    }

    private String identity(HubFile file) {
        return file.hash().map(FileHash::toString).orElse("commit:" + repository.commit());
    }

    private void checkSpace(long toFetch, long usable) throws HubException {
        if (toFetch > 0 && toFetch + SPARE_BYTES > usable) {
            throw new HubException(
                    "%s needs %s more in %s, where %s are free; make room or choose another disk with --out or MINKE_HOME"
                            .formatted(
                                    repository.name(),
                                    ByteCount.text(toFetch),
                                    folder,
                                    ByteCount.text(usable)));
        }
    }

    /// Write down what is wanted before anything of it comes.
    private void begin(List<HubFile> missing) throws IOException {
        Set<String> names = new HashSet<>();
        missing.forEach(file -> names.add(file.name()));
        List<HubFile> wanted = new ArrayList<>(missing);
        Set<String> offered = new HashSet<>();
        repository.files().forEach(file -> offered.add(file.name()));
        for (HubFile earlier : manifest.missing()) {
            boolean done = manifest.entry(earlier.name()).isPresent();
            if (!done && offered.contains(earlier.name()) && names.add(earlier.name())) {
                wanted.add(earlier);
            }
        }
        for (Manifest.Entry entry : manifest.files()) {
            if (!offered.contains(entry.name())) {
                listener.note(entry.name() + " is not on the hub any more; it is kept");
            }
        }
        manifest =
                new Manifest(
                        manifest.reference(),
                        manifest.commit(),
                        manifest.endpoint(),
                        manifest.pulled(),
                        manifest.files().stream().filter(e -> !names.contains(e.name())).toList(),
                        wanted);
        manifest.write(folder);
    }

    private void fetch(List<HubFile> missing) throws IOException {
        List<FileDownload> downloads = new ArrayList<>();
        Queue<Work> work = new ConcurrentLinkedQueue<>();
        for (HubFile file : missing) {
            Path path = FileNames.resolve(folder, file.name());
            Files.createDirectories(Objects.requireNonNull(path.getParent()));
            FileDownload download =
                    new FileDownload(
                            client,
                            client.source(repository, file),
                            file,
                            path,
                            identity(file),
                            this,
                            meter::fetched);
            downloads.add(download);
            meter.there(look(file).spans().bytes());
            for (Span span : download.plan(options.partBytes())) {
                work.add(new Work(download, span));
            }
        }
        Queue<Future<?>> verified = new ConcurrentLinkedQueue<>();
        ExecutorService verifiers =
                Executors.newFixedThreadPool(
                        VERIFIERS, Thread.ofPlatform().daemon().name("hub-verify").factory());
        ExecutorService workers =
                Executors.newFixedThreadPool(
                        options.connections(), Thread.ofVirtual().name("hub-fetch").factory());
        try {
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < options.connections(); i++) {
                running.add(
                        workers.submit(() ->
                                fetch(
                                        work,
                                        download ->
                                                verified.add(
                                                        verifiers.submit(
                                                                () -> finish(download))))));
            }
            await(running);
            await(verified);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Retries.interrupted(e);
        } finally {
            end(workers, verifiers);
            for (FileDownload download : downloads) {
                download.close();
            }
        }
        report();
    }

    private void await(Iterable<Future<?>> running) throws InterruptedException {
        for (Future<?> future : running) {
            try {
                future.get();
            } catch (ExecutionException e) {
                throw new IllegalStateException(e.getCause());
            }
        }
    }

    private void end(ExecutorService workers, ExecutorService verifiers) {
        stop();
        workers.shutdown();
        verifiers.shutdown();
        try {
            // a worker that waits for an answer's header is left behind; it can write nothing
            if (workers.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS)) {
                verifiers.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private void report() throws IOException {
        IOException first = failure.get();
        if (first != null) {
            throw first;
        }
        synchronized (this) {
            if (!wrong.isEmpty()) {
                throw new HubException(
                        "%d of the files came with wrong content and were discarded, pull again: %s"
                                .formatted(wrong.size(), String.join("; ", wrong)));
            }
        }
    }

    private void fetch(Queue<Work> queue, Consumer<FileDownload> complete) {
        boolean ended = false;
        try {
            for (Work work = queue.poll(); work != null && goesOn(); work = queue.poll()) {
                if (work.download().fetch(work.span())) {
                    complete.accept(work.download());
                }
            }
            ended = true;
        } catch (IOException e) {
            fail(e);
            ended = true;
        } finally {
            if (!ended) {
                stop();
            }
        }
    }

    private void finish(FileDownload download) {
        meter.verifying(1);
        try {
            FileHash found = download.finish();
            if (found != null) {
                synchronized (this) {
                    wrong.add(
                            "%s should have %s and has %s"
                                    .formatted(
                                            download.file().name(),
                                            download.file().hash().orElseThrow(),
                                            found));
                }
                return;
            }
            HubFile file = download.file();
            synchronized (this) {
                manifest = manifest.with(file, FileNames.resolve(folder, file.name()));
                manifest.write(folder);
            }
            if (file.hash().isEmpty()) {
                note(file.name() + " could not be verified: the hub gives no hash");
            }
            meter.fileDone();
        } catch (IOException e) {
            fail(e);
        } finally {
            meter.verifying(-1);
        }
    }

    private void fail(IOException e) {
        if (goesOn()) {
            failure.compareAndSet(null, e);
        }
        stop();
    }

    private void stop() {
        stop.countDown();
        bodies.forEach(HubBody::close);
    }

    private void note(String line) {
        meter.note(line);
    }

    @Override
    public Retries retries(String what) {
        return client.retries(what, Integer.MAX_VALUE, stop, this::note);
    }

    @Override
    public boolean goesOn() {
        return stop.getCount() > 0;
    }

    @Override
    public void reading(HubBody body) {
        bodies.add(body);
        if (!goesOn()) {
            body.close();
        }
    }

    @Override
    public void read(HubBody body) {
        bodies.remove(body);
    }

    @Override
    public void noRanges(String name) {
        if (saidNoRanges.compareAndSet(false, true)) {
            note(
                    "the server sends no ranges: %s comes in one stream, and anew after a cut"
                            .formatted(name));
        }
    }
}
