package dev.minke.infer.engine;

import dev.minke.infer.Continuation;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.tensor.Kernels;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/// Continues the prompts of many callers at once, over one paged cache.
///
/// One thread computes steps; each takes a token of every running sequence and chunks of prompts.
/// What a request yields does not depend on what else runs. The model must not be used elsewhere in
/// the meantime, and is not closed with the engine.
public final class Engine implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Engine.class.getName());

    private enum Stage {
        OPEN,
        DRAINING,
        CLOSED
    }

    private final EngineCore core;
    private final Thread thread;
    private final ReentrantReadWriteLock gate = new ReentrantReadWriteLock();
    private volatile Stage stage = Stage.OPEN;
    private boolean freed;

    /// Take the memory of the cache and start the thread.
    ///
    /// @param model with its weights in place
    /// @param kernels what to compute on
    /// @param vocabSize ids of the tokenizer; the model's rows beyond them are padding and never
    ///   drawn
    /// @throws IllegalArgumentException if the model has fewer rows, or the cache is too small for
    ///   one block
    public Engine(DeepSeekModel model, Kernels kernels, int vocabSize, EngineConfig config) {
        core = new EngineCore(model, kernels, vocabSize, config);
        thread = Thread.ofPlatform().daemon().name("minke-engine").unstarted(this::loop);
        thread.start();
    }

    /// Put a request into the queue; `listener` hears of it on the engine's thread.
    ///
    /// @throws IllegalArgumentException if it can never be served, in one line
    /// @throws EngineBusy if too many are waiting
    /// @throws IllegalStateException if the engine is closed
    public Ticket submit(Request request, EngineListener listener) {
        gate.readLock().lock(); // what is accepted is in the inbox before the stage changes
        try {
            if (stage != Stage.OPEN) {
                throw new IllegalStateException("the engine is closed");
            }
            return core.submit(request, listener, () -> LockSupport.unpark(thread));
        } finally {
            gate.readLock().unlock();
        }
    }

    /// Put a request for text into the queue: one choice for each continuation, which share the
    /// prompt's cache. `listener` hears of it on the engine's thread.
    ///
    /// @param prompt token ids, at least one; not copied, must not change
    /// @param continuations none of which has begun, at least one
    /// @throws IllegalArgumentException if it can never be served, in one line
    /// @throws EngineBusy if too many are waiting
    /// @throws IllegalStateException if the engine is closed
    public Ticket submit(
            int[] prompt, List<Continuation> continuations, int priority, TextListener listener) {
        TextRun run = new TextRun(continuations, listener);
        return submit(run.request(prompt, priority), run);
    }

    /// Bytes of cache for `sequences` sequences of `tokens` tokens each, shared by none of them.
    ///
    /// @throws IllegalArgumentException if the model has no MTP module for `speculation`
    public static long cacheBytes(
            DeepSeekConfig model,
            CacheType type,
            Speculation speculation,
            int sequences,
            int tokens) {
        Speculation suited = speculation.resolved(model.numNextnPredictLayers() > 0);
        long block = EngineCore.layout(model, type, suited).blockBytes();
        return Math.multiplyExact((long) sequences * CacheLayout.blocks(tokens), block);
    }

    /// The state after the latest step.
    public EngineStats stats() {
        return core.stats();
    }

    private void loop() {
        try {
            while (stage != Stage.CLOSED && !(stage == Stage.DRAINING && core.idle())) {
                if (!core.step() && stage == Stage.OPEN) {
                    LockSupport.park(this);
                }
            }
        } catch (Throwable thrown) { // a defect of the engine itself: nobody may wait for ever
            LOG.log(System.Logger.Level.ERROR, "the engine stops", thrown);
        } finally {
            to(Stage.CLOSED);
            core.cancelAll();
        }
    }

    private void to(Stage next) {
        gate.writeLock().lock();
        try {
            stage = next.compareTo(stage) > 0 ? next : stage;
        } finally {
            gate.writeLock().unlock();
        }
        LockSupport.unpark(thread);
    }

    /// Refuse new requests, finish the accepted ones, but at most for `patience`, then close.
    public void close(Duration patience) throws InterruptedException {
        to(Stage.DRAINING);
        thread.join(patience);
        close();
    }

    /// End all requests with [FinishReason#CANCELLED] and give the memory back; no effect the
    /// second time.
    ///
    /// @throws IllegalStateException if called by a listener
    @Override
    public void close() {
        if (Thread.currentThread() == thread) {
            throw new IllegalStateException("a listener cannot close its own engine");
        }
        to(Stage.CLOSED);
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
        free();
    }

    private void free() {
        gate.writeLock().lock();
        try {
            if (!freed) {
                freed = true;
                core.close();
            }
        } finally {
            gate.writeLock().unlock();
        }
    }
}
