package dev.minke.model.hub;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.LongSupplier;

/// Adds up what comes and tells the listener, a few times in a second.
final class PullMeter {
    private static final long TELL_NANOS = 100_000_000L;
    private static final long WINDOW_NANOS = 10_000_000_000L;

    private final PullListener listener;
    private final LongSupplier clock;
    private final long totalBytes;
    private final int totalFiles;
    private final Deque<Sample> samples = new ArrayDeque<>();
    private long bytes;
    private long fetched;
    private int files;
    private int verifying;
    private long told;

    private record Sample(long nanos, long fetched) {}

    /// @param there bytes that are on disk already
    /// @param filesThere files that are
    PullMeter(
            PullListener listener,
            LongSupplier clock,
            long totalBytes,
            int totalFiles,
            long there,
            int filesThere) {
        this.listener = listener;
        this.clock = clock;
        this.totalBytes = totalBytes;
        this.totalFiles = totalFiles;
        this.bytes = there;
        this.files = filesThere;
        this.told = clock.getAsLong() - TELL_NANOS;
    }

    /// Bytes of earlier attempts.
    synchronized void there(long more) {
        bytes += more;
    }

    /// Bytes have come, or some are worth nothing any more.
    synchronized void fetched(long more) {
        bytes += more;
        fetched += Math.max(more, 0);
        tell(false);
    }

    synchronized void verifying(int change) {
        verifying += change;
        tell(false);
    }

    synchronized void fileDone() {
        files++;
        tell(files == totalFiles);
    }

    synchronized long fetchedBytes() {
        return fetched;
    }

    synchronized void note(String line) {
        listener.note(line);
    }

    private void tell(boolean always) {
        long now = clock.getAsLong();
        if (!always && now - told < TELL_NANOS) {
            return;
        }
        told = now;
        samples.addLast(new Sample(now, fetched));
        while (samples.size() > 2 && now - samples.getFirst().nanos() > WINDOW_NANOS) {
            samples.removeFirst();
        }
        Sample first = samples.getFirst();
        double seconds = (now - first.nanos()) * 1e-9;
        double rate = seconds > 0 ? (fetched - first.fetched()) / seconds : 0;
        listener.progress(
                new PullListener.Progress(bytes, totalBytes, files, totalFiles, rate, verifying));
    }
}
