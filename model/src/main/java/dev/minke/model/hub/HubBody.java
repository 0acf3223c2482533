package dev.minke.model.hub;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Arrays;

/// The bytes of an answer, from one place of a file to another; watched, so that a silent server
/// does not hold a reader for ever.
final class HubBody implements AutoCloseable {
    private final InputStream in;
    private final Spans.Span span;
    private final Runnable onClose;
    private volatile long heard = System.nanoTime();
    private volatile boolean stalled;

    /// @param span which bytes of the file these are
    HubBody(InputStream in, Spans.Span span, Runnable onClose) {
        this.in = in;
        this.span = span;
        this.onClose = onClose;
    }

    Spans.Span span() {
        return span;
    }

    /// Read some bytes.
    ///
    /// @return how many, or -1 at the end
    int read(byte[] into, int offset, int length) throws IOException {
        try {
            int n = in.read(into, offset, length);
            heard = System.nanoTime();
            return n;
        } catch (IOException e) {
            if (stalled) {
                throw new TransientFailure("the server fell silent");
            }
            throw e;
        }
    }

    byte[] readUpTo(int most) throws IOException {
        byte[] bytes = new byte[8192];
        int size = 0;
        while (size < most) {
            if (size == bytes.length) {
                bytes = Arrays.copyOf(bytes, Math.min(most, 2 * size));
            }
            int n = read(bytes, size, bytes.length - size);
            if (n < 0) {
                break;
            }
            size += n;
        }
        return Arrays.copyOf(bytes, size);
    }

    /// End the reading, from whatever thread, if nothing came for so long.
    void endIfSilentFor(Duration limit) {
        if (System.nanoTime() - heard > limit.toNanos()) {
            stalled = true;
            closeStream();
        }
    }

    @Override
    public void close() {
        closeStream();
        onClose.run();
    }

    private void closeStream() {
        try {
            in.close();
        } catch (IOException _) {
            // what was read is checked by itself
            return;
        }
    }
}
