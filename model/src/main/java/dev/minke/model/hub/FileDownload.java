package dev.minke.model.hub;

import dev.minke.model.hub.Spans.Span;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/// One file on its way: several threads fetch spans of it.
///
/// If the server turns out to send whole files only, the first thread that notices fetches the file
/// in one stream, and the others leave it alone.
final class FileDownload {
    private static final int BUFFER_BYTES = 256 << 10;

    /// So much is progress, after which failures are counted anew.
    private static final long PROGRESS_BYTES = 64 << 10;

    /// What the pull that a download belongs to provides.
    interface Pull {
        /// A count of failures of one piece of work.
        Retries retries(String what);

        /// Whether nobody has asked to stop.
        boolean goesOn();

        /// A body is being read; it will be closed from outside on a stop.
        void reading(HubBody body);

        /// It is not any more.
        void read(HubBody body);

        /// The server has no ranges.
        void noRanges(String name);
    }

    private final HubClient client;
    private final HubClient.Source source;
    private final HubFile file;
    private final Path target;
    private final String identity;
    private final Pull pull;
    private final LongConsumer meter;
    private final AtomicLong counted = new AtomicLong();

    private @Nullable PartFile part;
    private int active;
    private volatile boolean single;
    private boolean handedOn;

    /// @param source where it comes from
    /// @param target the file it will be
    /// @param identity what its content is known by
    /// @param meter is told how many more bytes there are, or fewer after a restart
    FileDownload(
            HubClient client,
            HubClient.Source source,
            HubFile file,
            Path target,
            String identity,
            Pull pull,
            LongConsumer meter) {
        this.client = client;
        this.source = source;
        this.file = file;
        this.target = target;
        this.identity = identity;
        this.pull = pull;
        this.meter = meter;
    }

    HubFile file() {
        return file;
    }

    /// What is to be fetched, in pieces of at most `most` bytes; one empty piece if nothing is. The
    /// meter is told only of what comes now, not of what is there.
    List<Span> plan(long most) throws IOException {
        Spans there = PartFile.look(target, file.size(), identity).spans();
        counted.set(there.bytes());
        List<Span> missing = there.missing(file.size(), most);
        return missing.isEmpty() ? List.of(new Span(0, 0)) : missing;
    }

    /// Fetch a piece, trying again after failures.
    ///
    /// @return whether the file is complete by it, and so the caller's to [#finish]
    boolean fetch(Span span) throws IOException {
        PartFile into = enter();
        if (into != null) {
            try {
                fetch(span, into);
            } finally {
                leave();
            }
        }
        return complete();
    }

    private synchronized @Nullable PartFile enter() throws IOException {
        if (single || handedOn) {
            return null;
        }
        if (part == null) {
            part = PartFile.open(target, file.size(), identity);
        }
        active++;
        return part;
    }

    private synchronized void leave() {
        active--;
    }

    private synchronized boolean complete() {
        if (handedOn || active > 0 || part == null || !part.complete()) {
            return false;
        }
        handedOn = true;
        return true;
    }

    private synchronized boolean claim() {
        if (single) {
            return false;
        }
        single = true;
        return true;
    }

    private void fetch(Span span, PartFile into) throws IOException {
        Retries retries = pull.retries(file.name());
        Cursor cursor = new Cursor(span.from());
        try {
            while (cursor.at < span.to() && pull.goesOn() && !single) {
                long before = cursor.at;
                try (HubBody body =
                        client.open(source, new Span(cursor.at, span.to()), file.size())) {
                    if (body.span().from() != cursor.at || body.span().to() > span.to()) {
                        if (claim()) {
                            pull.noRanges(file.name());
                            stream(body, into);
                        }
                        return;
                    }
                    copy(body, cursor, into, false);
                } catch (IOException e) {
                    if (!pull.goesOn()) {
                        return;
                    }
                    if (cursor.at - before >= PROGRESS_BYTES) {
                        retries.progress();
                    }
                    retries.after(e);
                }
            }
        } finally {
            into.finished(new Span(span.from(), cursor.at));
        }
    }

    /// Fetch the whole file in one stream, from the beginning each time: without ranges a cut costs
    /// all, so nothing counts as progress.
    private void stream(HubBody first, PartFile into) throws IOException {
        Retries retries = pull.retries(file.name());
        Cursor cursor = new Cursor(0);
        try {
            count(-counted.get());
            copy(first, cursor, into, true);
        } catch (IOException e) {
            again(retries, e);
        }
        while (cursor.at < file.size() && pull.goesOn()) {
            cursor.at = 0;
            count(-counted.get());
            try (HubBody body = client.open(source, new Span(0, file.size()), file.size())) {
                copy(body, cursor, into, true);
            } catch (IOException e) {
                again(retries, e);
            }
        }
        if (cursor.at == file.size()) {
            into.finished(new Span(0, file.size()));
        }
    }

    private void again(Retries retries, IOException e) throws IOException {
        if (pull.goesOn()) {
            retries.after(e);
        }
    }

    private void copy(HubBody body, Cursor cursor, PartFile into, boolean alone)
            throws IOException {
        pull.reading(body);
        try {
            byte[] buffer = new byte[BUFFER_BYTES];
            long end = body.span().to();
            while (cursor.at < end && pull.goesOn() && single == alone) {
                int wanted = (int) Math.min(buffer.length, end - cursor.at);
                int n = 0;
                boolean ended = false;
                try {
                    while (n < wanted && !ended) {
                        int more = body.read(buffer, n, wanted - n);
                        ended = more < 0;
                        n += Math.max(more, 0);
                    }
                } finally { // what came before a cut is kept
                    into.write(ByteBuffer.wrap(buffer, 0, n), cursor.at);
                    cursor.at += n;
                    count(n);
                }
                if (ended && cursor.at < end) {
                    throw new TransientFailure(
                            "the connection ended %d bytes early".formatted(end - cursor.at));
                }
            }
        } finally {
            pull.read(body);
        }
    }

    private void count(long bytes) {
        counted.addAndGet(bytes);
        meter.accept(bytes);
    }

    /// Verify the complete file and give it its name.
    ///
    /// @return nothing, or the hash that it has instead of the right one; it is discarded then
    @Nullable FileHash finish() throws IOException {
        PartFile whole = part();
        if (file.hash().isPresent()) {
            FileHash expected = file.hash().get();
            FileHash found = whole.hash(expected, pull::goesOn);
            if (!found.equals(expected)) {
                whole.discard();
                count(-counted.get());
                return found;
            }
        }
        whole.commit();
        count(file.size() - counted.get());
        return null;
    }

    private synchronized PartFile part() {
        if (part == null) {
            throw new IllegalStateException(file.name() + " was not begun");
        }
        return part;
    }

    synchronized void close() throws IOException {
        if (part != null) {
            part.close();
        }
    }

    /// Where a thread is in the file.
    private static final class Cursor {
        private long at;

        Cursor(long at) {
            this.at = at;
        }
    }
}
