package dev.minke.infer.engine;

import dev.minke.infer.Candidates;
import dev.minke.infer.FinishReason;
import dev.minke.infer.engine.Scheduler.Part;
import dev.minke.infer.engine.Sequence.State;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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
    private final Optional<PrefixStore> store;
    private final Scheduler scheduler;
    private final Speculator speculator;
    private final Queue<Job> inbox = new ConcurrentLinkedQueue<>();
    private final AtomicInteger inboxSize = new AtomicInteger();
    private final AtomicLong ids = new AtomicLong();
    private final List<Chunk> chunks = new ArrayList<>();
    private final List<Sequence> drawing = new ArrayList<>();
    private final List<Sequence> drawn = new ArrayList<>();
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
        Speculation speculation = config.speculation().resolved(model.mtp().isPresent());
        CacheLayout layout = layout(model.config(), config.cacheType(), speculation);
        pool = new BlockPool(layout, config.cacheBytes(), System.nanoTime());
        runner = new ModelRunner(model, kernels, pool, vocabSize);
        store = store(model);
        scheduler = new Scheduler(config, pool, store, runner.expandedLimit());
        speculator = new Speculator(speculation, runner);
        candidates = new Candidates(vocabSize);
        stats = look();
    }

    /// What the cache keeps of a token of `config`'s model, for `speculation` that suits it.
    static CacheLayout layout(DeepSeekConfig config, CacheType type, Speculation speculation) {
        CacheLayout layout = CacheLayout.of(config, type);
        return speculation.usesMtp() ? layout.withMtp() : layout;
    }

    private Optional<PrefixStore> store(DeepSeekModel model) {
        if (config.prefixDisk().bytes() == 0 || config.prefixReuse() == PrefixReuse.OFF) {
            return Optional.empty();
        }
        boolean opened = false;
        try {
            PrefixKey root = ModelFingerprint.of(model, runner, pool, config);
            Optional<PrefixStore> opening = PrefixStore.open(config.prefixDisk(), root, pool);
            opened = true;
            return opening;
        } finally {
            if (!opened) {
                runner.close();
                pool.close();
            }
        }
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

    private EngineStats look() {
        return scheduler.stats(speculator.drafted(), speculator.accepted());
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
            stats = look();
            return false;
        }
        compute(parts);
        stats = look();
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
        long begin = System.nanoTime();
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
                            part.to() - part.logits()));
        }
        Tensor logits;
        try {
            logits = runner.run(chunks);
        } catch (Throwable thrown) { // nobody else's requests may suffer
            failed(parts, thrown);
            return;
        }
        scheduler.computed(parts);
        draw(parts, logits);
        try {
            speculator.guess(parts, chunks, drawn, (System.nanoTime() - begin) * 1e-9);
        } catch (Throwable thrown) {
            failed(parts, thrown);
        }
    }

    private void failed(List<Part> parts, Throwable thrown) {
        LOG.log(System.Logger.Level.ERROR, "a step of the engine failed", thrown);
        for (Part part : List.copyOf(parts)) {
            fail(part.sequence().job, thrown);
        }
    }

    private void draw(List<Part> parts, Tensor logits) {
        int row = 0;
        drawn.clear();
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
                boolean own = sequence.choice == part.sequence().choice;
                draw(sequence, logits, row, own ? part.logits() - 1 : 0);
            }
            drawn.addAll(drawing);
            row += part.logits();
        }
    }

    /// Draw from row `row`, and from the following rows as long as what is drawn is what they were
    /// computed with: `drafts` guesses behind the last token.
    private void draw(Sequence sequence, Tensor logits, int row, int drafts) {
        int right = 0;
        boolean same = false;
        boolean more = true;
        while (more && sequence.state == State.RUNS && !sequence.job.ticket.cancelled()) {
            if (same) {
                scheduler.accept(sequence); // not before it is certain that the next one is drawn
                right++;
            }
            int at = sequence.length;
            more = right < drafts;
            int guess = more ? sequence.tokens[at] : 0;
            draw(sequence, logits, row + right);
            same = more && sequence.state == State.RUNS && sequence.tokens[at] == guess;
            more = same;
        }
        boolean wrong = right < drafts && sequence.state == State.RUNS && !same;
        speculator.checked(sequence, drafts, right, wrong);
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
        stats = look();
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

    /// Prefixes on disk, where the engine has a folder.
    Optional<PrefixStore> store() {
        return store;
    }

    @Override
    public void close() {
        scheduler.close();
        store.ifPresent(PrefixStore::close);
        runner.close();
        pool.close();
    }
}
