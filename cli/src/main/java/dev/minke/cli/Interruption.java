package dev.minke.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/// What to do when the user stops the program with Ctrl-C: end the work, so that what there is of
/// the result can be printed.
///
/// Java ends with exit code 130 then, but not before this is closed, though within seconds.
final class Interruption implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 5;
    private static final Runnable NOTHING = () -> {};

    private final CountDownLatch end = new CountDownLatch(1);
    private final AtomicReference<Runnable> action = new AtomicReference<>(NOTHING);
    private final Thread hook = new Thread(this::interrupted, "minke-interruption");

    /// Watch for the end of the program.
    Interruption() {
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /// Call `stop` on interruption from now on; before, the program just ends.
    void stopWith(Runnable stop) {
        action.set(stop);
    }

    private void interrupted() {
        Runnable stop = action.get();
        if (stop == NOTHING) {
            return;
        }
        stop.run();
        try {
            boolean _ = end.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        end.countDown();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) { // it is running: the program ends
        }
    }
}
