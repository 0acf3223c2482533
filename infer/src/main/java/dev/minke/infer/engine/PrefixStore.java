package dev.minke.infer.engine;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/// Blocks on disk, a file each, found by the key of their prefix.
///
/// The engine's thread reads, which is a copy from the page cache; it hands copies of blocks to a
/// thread that writes them. Where that is behind, blocks are left out: they are offered again when
/// they are used. Files are within a budget, the ones unused for longest go first; the order
/// outlives the process as the time of their last change. A file that is not what it should be is
/// deleted and was never there. One store at a time has a folder.
final class PrefixStore implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Engine.class.getName());
    private static final String SUFFIX = ".kv";
    private static final String LOCK = "lock";

    /// Bytes that wait to be written at most.
    private static final long STAGED_BYTES = 64L << 20;

    private static final long DATES_SECONDS = 30;
    private static final long PAUSE_NANOS = 60_000_000_000L;

    /// A copy of a block on its way to disk.
    private record Slot(MemorySegment[] layers) {}

    /// @param slot empty for the end
    private record Task(PrefixKey key, Optional<Slot> slot) {}

    private final Path folder;
    private final long limit;
    private final FileChannel lock;
    private final BlockPool pool;
    private final PrefixKey root;
    private final PrefixFile reader;
    private final PrefixFile writer;
    private final Arena arena = Arena.ofShared();
    private final BlockingQueue<Task> tasks = new LinkedBlockingQueue<>();
    private final ConcurrentLinkedQueue<Slot> idle = new ConcurrentLinkedQueue<>();
    private final int mostSlots;
    private int slots;
    private final Thread thread;

    // guarded by this
    private final LinkedHashMap<PrefixKey, Long> files = new LinkedHashMap<>(64, 0.75f, true);
    private final Set<PrefixKey> pending = new HashSet<>();
    private final LinkedHashSet<PrefixKey> touched = new LinkedHashSet<>();
    private long total;
    private boolean ended;
    private boolean paused;
    private long resume;

    private PrefixStore(PrefixDisk disk, PrefixKey root, BlockPool pool, FileChannel lock) {
        folder = disk.folder();
        limit = disk.bytes();
        this.lock = lock;
        this.pool = pool;
        this.root = root;
        int layers = pool.bytes(0).length;
        long payload = pool.layout().blockBytes();
        reader = new PrefixFile(root, layers, payload);
        writer = new PrefixFile(root, layers, payload);
        mostSlots = Math.clamp(STAGED_BYTES / payload, 2, 4096);
        thread = Thread.ofPlatform().daemon().name("minke-prefixes").unstarted(this::write);
    }

    /// Open the folder.
    ///
    /// @param root key of the empty prefix
    /// @return empty if another engine has it, which is logged
    /// @throws IllegalArgumentException if the budget is smaller than one block
    /// @throws UncheckedIOException in one line if the folder cannot be used
    static Optional<PrefixStore> open(PrefixDisk disk, PrefixKey root, BlockPool pool) {
        try {
            Files.createDirectories(disk.folder());
            FileChannel lock = FileChannel.open(disk.folder().resolve(LOCK), CREATE, WRITE);
            boolean opened = false;
            try {
                if (!locked(lock)) {
                    LOG.log(
                            System.Logger.Level.WARNING,
                            "the prefix folder {0} is in use by another engine, this one keeps prefixes in memory alone",
                            disk.folder());
                    return Optional.empty();
                }
                PrefixStore store = new PrefixStore(disk, root, pool, lock);
                store.scan();
                store.thread.start();
                opened = true;
                return Optional.of(store);
            } finally {
                if (!opened) {
                    lock.close();
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "cannot use the prefix folder %s: %s".formatted(disk.folder(), e.getMessage()),
                    e);
        }
    }

    private static boolean locked(FileChannel channel) throws IOException {
        try {
            return channel.tryLock() != null;
        } catch (OverlappingFileLockException e) { // by this process
            return false;
        }
    }

    private record Found(PrefixKey key, long bytes, FileTime used) {}

    private synchronized void scan() throws IOException {
        if (limit < writer.bytes()) {
            throw new IllegalArgumentException(
                    "the prefix folder may take %d bytes, one block of %d tokens takes %d"
                            .formatted(limit, CacheLayout.BLOCK, writer.bytes()));
        }
        List<Found> found = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(folder)) {
            for (Path path : all) {
                String name = path.getFileName().toString();
                if (name.contains(SUFFIX + ".tmp-")) {
                    Files.deleteIfExists(path); // a process that wrote it was stopped
                } else if (name.endsWith(SUFFIX)) {
                    BasicFileAttributes is =
                            Files.readAttributes(
                                    path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
                    Optional<PrefixKey> key = key(name);
                    if (is.isRegularFile() && key.isPresent()) {
                        found.add(new Found(key.get(), is.size(), is.lastModifiedTime()));
                    }
                }
            }
        }
        found.sort(Comparator.comparing(Found::used));
        for (Found file : found) {
            files.put(file.key, file.bytes);
            total += file.bytes;
        }
        delete(surplus(0));
    }

    private static Optional<PrefixKey> key(String name) {
        try {
            String digits = name.substring(0, name.length() - SUFFIX.length());
            PrefixKey key = PrefixKey.parse(digits);
            return key.name().equals(digits) ? Optional.of(key) : Optional.empty();
        } catch (NumberFormatException e) {
            return Optional.empty(); // somebody else's
        }
    }

    private Path file(PrefixKey key) {
        return folder.resolve(key.name() + SUFFIX);
    }

    /// The key of the empty prefix.
    PrefixKey root() {
        return root;
    }

    // ---------------------------------------------------------------- the engine's thread

    /// Whether there is a file for the prefix.
    synchronized boolean has(PrefixKey key) {
        return files.containsKey(key);
    }

    /// Read the last block of the prefix.
    ///
    /// @param block where to; nobody else knows it yet
    /// @return false if there is no such file or none that can be trusted; then it is gone
    boolean load(PrefixKey key, int block) {
        if (!has(key)) {
            return false;
        }
        Path file = file(key);
        try {
            reader.read(file, key, pool.bytes(block));
            return true;
        } catch (IOException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "{0} is deleted, the prefix is computed again: {1}",
                    file,
                    e.getMessage());
        }
        forget(key);
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "cannot delete {0}: {1}", file, e.getMessage());
        }
        return false;
    }

    private synchronized void forget(PrefixKey key) {
        Long bytes = files.remove(key);
        total -= bytes == null ? 0 : bytes;
        touched.remove(key);
    }

    /// Note that the prefix was used now; of a prompt the last block first, so that beginnings live
    /// longest.
    synchronized void touch(PrefixKey key) {
        if (files.get(key) != null) { // moves it to the end
            touched.remove(key);
            touched.add(key);
        }
    }

    /// Copy the last block of the prefix, to be written behind.
    ///
    /// @param block complete
    void save(PrefixKey key, int block) {
        synchronized (this) {
            boolean known = files.containsKey(key) || pending.contains(key);
            if (known || ended || paused && System.nanoTime() - resume < 0) {
                return;
            }
            paused = false;
        }
        Slot slot = idle.poll();
        if (slot == null) {
            if (slots == mostSlots) {
                return;
            }
            slots++;
            slot = slot();
        }
        MemorySegment[] from = pool.bytes(block);
        for (int layer = 0; layer < from.length; layer++) {
            slot.layers[layer].copyFrom(from[layer]);
        }
        synchronized (this) {
            pending.add(key);
        }
        tasks.add(new Task(key, Optional.of(slot)));
    }

    private Slot slot() {
        MemorySegment[] layers = pool.bytes(0);
        for (int layer = 0; layer < layers.length; layer++) {
            layers[layer] = arena.allocate(layers[layer].byteSize(), 64);
        }
        return new Slot(layers);
    }

    /// Wait until all that was saved so far is written.
    synchronized void flush() throws InterruptedException {
        while (!pending.isEmpty() && !ended) {
            wait();
        }
    }

    // ---------------------------------------------------------------- the thread that writes

    private void write() {
        try {
            while (true) {
                Task task = tasks.poll(DATES_SECONDS, TimeUnit.SECONDS);
                if (task == null) {
                    date();
                } else if (task.slot.isPresent()) {
                    write(task.key, task.slot.get());
                } else {
                    date();
                    return;
                }
            }
        } catch (InterruptedException e) {
            return; // nobody does
        } finally {
            synchronized (this) {
                ended = true;
                notifyAll();
            }
        }
    }

    private void write(PrefixKey key, Slot slot) {
        boolean written = false;
        try {
            delete(surplus(writer.bytes()));
            writer.write(file(key), key, slot.layers);
            // the file system's own clock may be milliseconds behind the one of `date`
            Files.setLastModifiedTime(file(key), FileTime.from(Instant.now()));
            written = true;
        } catch (IOException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "no prefixes are written for a minute: {0}",
                    e.getMessage());
        }
        synchronized (this) {
            pending.remove(key);
            if (written) {
                files.put(key, writer.bytes());
                total += writer.bytes();
            } else {
                paused = true;
                resume = System.nanoTime() + PAUSE_NANOS;
            }
            notifyAll();
        }
        idle.add(slot);
    }

    /// Forget what must go so that `bytes` more fit.
    private synchronized List<PrefixKey> surplus(long bytes) {
        List<PrefixKey> gone = new ArrayList<>();
        Iterator<Map.Entry<PrefixKey, Long>> eldest = files.entrySet().iterator();
        while (total + bytes > limit && eldest.hasNext()) {
            Map.Entry<PrefixKey, Long> next = eldest.next();
            total -= next.getValue();
            gone.add(next.getKey());
            touched.remove(next.getKey());
            eldest.remove();
        }
        return gone;
    }

    private void delete(List<PrefixKey> gone) throws IOException {
        for (PrefixKey key : gone) {
            Files.deleteIfExists(file(key));
        }
    }

    /// Let the files' times tell the order of use.
    private void date() {
        List<PrefixKey> used;
        synchronized (this) {
            used = new ArrayList<>(touched);
            touched.clear();
        }
        Instant now = Instant.now();
        for (int i = 0; i < used.size(); i++) {
            try {
                // all in the past: what is written from now on is younger
                Instant time = now.minusNanos(1000L * (used.size() - i));
                Files.setLastModifiedTime(file(used.get(i)), FileTime.from(time));
            } catch (IOException e) {
                LOG.log(System.Logger.Level.DEBUG, "a prefix file keeps its time", e);
            }
        }
    }

    // ---------------------------------------------------------------- figures

    /// Files.
    synchronized int size() {
        return files.size();
    }

    /// Bytes of all files.
    synchronized long bytes() {
        return total;
    }

    /// Write what was saved, then give the folder back.
    @Override
    public void close() {
        tasks.add(new Task(PrefixKey.NONE, Optional.empty()));
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true; // the memory is in use until the thread has ended
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        arena.close();
        try {
            lock.close();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "the prefix folder stays locked", e);
        }
    }
}
