package dev.minke.infer.engine;

import dev.minke.infer.Candidates;
import dev.minke.infer.FinishReason;
import dev.minke.infer.engine.Scheduler.Part;
import dev.minke.infer.engine.Sequence.State;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/// The engine without its thread: requests come in from any thread, one thread calls [#step()].
final class EngineCore implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Engine.class.getName());

    private final EngineConfig config;
    private final int vocabSize;
    private final int maxPositions;
    private final BlockPool pool;
    private final ModelRunner runner;
    private final Scheduler scheduler;
    private final Queue<Job> inbox = new ConcurrentLinkedQueue<>();
    private final AtomicInteger inboxSize = new AtomicInteger();
    private final AtomicLong ids = new AtomicLong();
    private final List<Chunk> chunks = new ArrayList<>();
    private final List<Sequence> drawing = new ArrayList<>();
    private final Candidates candidates;
    private volatile boolean cancellations;
    private volatile int waiting;
    private volatile EngineStats stats;

    EngineCore(DeepSeekModel model, Kernels kernels, int vocabSize, EngineConfig config) {
        if (vocabSize < 1 || vocabSize > model.config().vocabSize()) {
            throw new IllegalArgumentException(
                    "the tokenizer has %d ids, the model's vocab_size is %d"
                            .formatted(vocabSize, model.config().vocabSize()));
        }
        this.config = config;
        this.vocabSize = vocabSize;
        maxPositions = model.config().maxPositionEmbeddings();
        CacheLayout layout = CacheLayout.of(model.config(), config.cacheType());
        pool = new BlockPool(layout, config.cacheBytes(), System.nanoTime());
        runner = new ModelRunner(model, kernels, pool, vocabSize);
        scheduler = new Scheduler(config, pool, runner.expandedLimit());
        candidates = new Candidates(vocabSize);
        stats = scheduler.stats();
    }

    // ---------------------------------------------------------------- any thread

    /// Check a request and put it into the queue.
    Ticket submit(Request request, EngineListener listener, Runnable wake) {
        check(request);
        int size = inboxSize.getAndIncrement() + waiting;
        if (size >= config.maxQueue()) {
            inboxSize.getAndDecrement();
            throw new EngineBusy(size);
        }
        Runnable cancelled =
                () -> {
                    cancellations = true;
                    wake.run();
                };
        Ticket ticket = new Ticket(ids.incrementAndGet(), cancelled);
        ticket.moved(size + 1);
        inbox.add(new Job(request, listener, ticket));
        wake.run();
        return ticket;
    }

    private void check(Request request) {
        int[] prompt = request.prompt();
        if ((long) prompt.length + request.maxTokens() > maxPositions) {
            throw new IllegalArgumentException(
                    "a prompt of %d tokens and %d new ones are longer than max_position_embeddings %d"
                            .formatted(prompt.length, request.maxTokens(), maxPositions));
        }
        for (int i = 0; i < prompt.length; i++) {
            if (prompt[i] < 0 || prompt[i] >= vocabSize) {
                throw new IllegalArgumentException(
                        "token %d of the prompt is %d, expected 0 to %d"
                                .formatted(i, prompt[i], vocabSize - 1));
            }
        }
        scheduler.check(request);
    }

    EngineStats stats() {
        return stats;
    }

    // ---------------------------------------------------------------- the engine's thread

    /// Do one step.
    ///
    /// @return false if there is nothing to do
    boolean step() {
        receive();
        if (cancellations) {
            cancellations = false; // first: a later one is seen by the next step
            for (Job job : scheduler.jobs()) {
                if (job.ticket.cancelled()) {
                    cancel(job);
                }
            }
        }
        List<Part> parts = scheduler.plan();
        waiting = scheduler.waiting();
        if (parts.isEmpty()) {
            stats = scheduler.stats();
            return false;
        }
        compute(parts);
        stats = scheduler.stats();
        return true;
    }

    private void receive() {
        int received = 0;
        for (Job job = inbox.poll(); job != null; job = inbox.poll()) {
            try {
                scheduler.add(job);
            } catch (RuntimeException e) { // the caller's factory of drawers
                fail(job, e);
            }
            received++;
        }
        waiting = scheduler.waiting();
        inboxSize.addAndGet(-received);
    }

    private void compute(List<Part> parts) {
        chunks.clear();
        for (Part part : parts) {
            Sequence sequence = part.sequence();
            chunks.add(
                    new Chunk(
                            sequence.tokens,
                            part.from(),
                            part.to(),
                            sequence.blocks,
                            sequence.job.expandedEnd,
                            part.draws() ? part.to() - 1 : part.to()));
        }
        Tensor logits;
        try {
            logits = runner.run(chunks);
        } catch (Throwable thrown) { // nobody else's requests may suffer
            LOG.log(System.Logger.Level.ERROR, "a step of the engine failed", thrown);
            for (Part part : List.copyOf(parts)) {
                fail(part.sequence().job, thrown);
            }
            return;
        }
        scheduler.computed(parts);
        draw(parts, logits);
    }

    private void draw(List<Part> parts, Tensor logits) {
        int row = 0;
        for (Part part : parts) {
            if (!part.draws()) {
                continue;
            }
            Job job = part.sequence().job;
            drawing.clear();
            drawing.add(part.sequence());
            for (Sequence other : job.choices) {
                if (other.state == State.RUNS
                        && other.generated() == 0
                        && other.choice != part.sequence().choice) {
                    drawing.add(other); // has just come to share the prompt, and this row
                }
            }
            for (Sequence sequence : drawing) {
                if (sequence.state == State.RUNS && !job.ticket.cancelled()) {
                    draw(sequence, logits, row);
                }
            }
            row++;
        }
    }

    private void draw(Sequence sequence, Tensor logits, int row) {
        Job job = sequence.job;
        try {
            int id = sequence.draw(logits, row, candidates);
            if (job.request.stop().test(id)) {
                end(sequence, FinishReason.STOP);
                return;
            }
            sequence.append(id);
            if (!job.listener.token(sequence.choice, id)) {
                end(sequence, FinishReason.STOP);
            } else if (sequence.generated() == job.request.maxTokens()) {
                end(sequence, FinishReason.LENGTH);
            }
        } catch (RuntimeException e) { // the caller's listener, drawer or stop condition
            fail(job, e);
        }
    }

    private void cancel(Job job) {
        for (Sequence sequence : job.choices) {
            if (sequence.state != State.ENDED) {
                end(sequence, FinishReason.CANCELLED);
            }
        }
    }

    private void end(Sequence sequence, FinishReason reason) {
        Job job = sequence.job;
        scheduler.end(sequence);
        try {
            job.listener.finished(sequence.choice, reason);
        } catch (RuntimeException e) {
            deaf(job, e);
        }
        if (job.ended()) {
            job.ticket.end();
        }
    }

    private void fail(Job job, Throwable cause) {
        if (job.ticket.ended()) {
            return;
        }
        for (Sequence sequence : job.choices) {
            if (sequence.state != State.ENDED) {
                scheduler.end(sequence);
            }
        }
        try {
            job.listener.failed(cause);
        } catch (RuntimeException e) {
            deaf(job, e);
        }
        job.ticket.end();
    }

    private static void deaf(Job job, RuntimeException e) {
        String message = "the listener of request %d failed".formatted(job.ticket.id());
        LOG.log(System.Logger.Level.WARNING, message, e);
    }

    /// End everything with [FinishReason#CANCELLED], what is still in the inbox too.
    void cancelAll() {
        receive();
        for (Job job : scheduler.jobs()) {
            try {
                cancel(job);
            } catch (RuntimeException e) { // after a defect the counters may be wrong
                LOG.log(System.Logger.Level.ERROR, "request " + job.ticket.id() + " is lost", e);
                job.ticket.end();
            }
        }
        waiting = scheduler.waiting();
        stats = scheduler.stats();
    }

    /// Whether nothing runs, waits or arrives.
    boolean idle() {
        return inboxSize.get() == 0 && scheduler.idle();
    }

    Scheduler scheduler() {
        return scheduler;
    }

    BlockPool pool() {
        return pool;
    }

    @Override
    public void close() {
        runner.close();
        pool.close();
    }
}
