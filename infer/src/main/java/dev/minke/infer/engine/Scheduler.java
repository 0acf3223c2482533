package dev.minke.infer.engine;

import dev.minke.infer.engine.PrefixIndex.Node;
import dev.minke.infer.engine.Sequence.State;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// Decides who takes part in a step, and owns the blocks of all who do.
///
/// Requests wait in order of priority, which grows while they wait. The first one is admitted when
/// the blocks of its prompt and of its limit can be promised; nobody overtakes it. For a request of
/// higher priority running ones are sent back, the lowest and youngest first; they keep their
/// tokens and are computed again. What a request had earned by waiting protects it while it runs,
/// so that each comes to its end.
///
/// A step takes every decoding sequence first, then chunks of prompts: half of what is left for the
/// one admitted first, the rest for those with least to do, so that a short prompt does not wait
/// for a long one.
final class Scheduler {
    private static final int BLOCK = CacheLayout.BLOCK;

    /// What a sequence computes in the present step.
    record Part(Sequence sequence, int from, int to) {
        /// Whether the step yields the sequence's next token.
        boolean draws() {
            return to == sequence.length;
        }
    }

    private final EngineConfig config;
    private final BlockPool pool;
    private final int expandedLimit;
    private final List<Job> waiting = new ArrayList<>();
    private final List<Job> running = new ArrayList<>();
    private final List<Part> parts = new ArrayList<>();
    private final List<Sequence> prompts = new ArrayList<>();
    private long steps;
    private long admissions;
    private int promised;
    private long reusedTokens;
    private long computedTokens;
    private long preemptions;

    private final Comparator<Job> order =
            Comparator.comparingLong((Job job) -> -urgency(job))
                    .thenComparingLong(job -> job.ticket.id());

    /// @param expandedLimit longest context in expanded form
    Scheduler(EngineConfig config, BlockPool pool, int expandedLimit) {
        this.config = config;
        this.pool = pool;
        this.expandedLimit = expandedLimit;
    }

    // ---------------------------------------------------------------- arrivals and ends

    /// Refuse what can never run.
    ///
    /// @throws IllegalArgumentException in one line
    void check(Request request) {
        if (request.choices() > config.maxSequences()) {
            throw new IllegalArgumentException(
                    "n is %d, the engine runs %d sequences at once"
                            .formatted(request.choices(), config.maxSequences()));
        }
        int prompt = request.prompt().length;
        int full = prompt / BLOCK;
        long each = CacheLayout.blocks(prompt + request.maxTokens() - 1) - full;
        long need = full + each * request.choices();
        if (need > pool.size()) {
            throw new IllegalArgumentException(
                    "the request needs %d blocks of cache (prompt %d, max tokens %d, n %d), %d exist"
                            .formatted(
                                    need,
                                    prompt,
                                    request.maxTokens(),
                                    request.choices(),
                                    pool.size()));
        }
    }

    /// Let a checked job wait.
    void add(Job job) {
        job.arrival = steps;
        int span = config.expandedSpan();
        int limit = Math.min(job.promptLength(), expandedLimit);
        job.expandedEnd = span == 0 ? 0 : limit / span * span;
        for (int choice = 0; choice < job.request.choices(); choice++) {
            job.choices.add(new Sequence(job, choice, pool.index().root()));
        }
        waiting.add(job);
    }

    /// End one choice.
    void end(Sequence sequence) {
        letGo(sequence);
        sequence.state = State.ENDED;
        Job job = sequence.job;
        if (!job.ended()) {
            promise(job, Math.min(job.promised, need(job)));
            follow(job); // another choice may lead now
            return;
        }
        promise(job, 0);
        waiting.remove(job);
        running.remove(job);
        job.running = false;
    }

    private void letGo(Sequence sequence) {
        // the deepest first: of what is kept, the beginnings of texts live longest
        for (int i = sequence.blockCount - 1; i >= 0; i--) {
            pool.release(sequence.blocks[i]);
        }
        sequence.blockCount = 0;
        sequence.computed = 0;
        sequence.published = 0;
        Node held = sequence.prefix;
        sequence.prefix = pool.index().root();
        if (held != sequence.prefix) {
            pool.index().release(held);
        }
    }

    // ---------------------------------------------------------------- the plan of a step

    /// Choose the parts of the next step, with their blocks in place; empty if nothing can run.
    List<Part> plan() {
        steps++;
        parts.clear();
        admit();
        int budget = config.stepTokens();
        // the list may shrink on the way: whom that skips, the next step takes
        for (int i = 0; i < running.size(); i++) {
            for (Sequence sequence : running.get(i).choices) {
                if (sequence.state == State.RUNS && sequence.remaining() == 1) {
                    budget -= take(sequence, 1);
                }
            }
        }
        prompts.clear();
        for (Job job : running) {
            for (Sequence sequence : job.choices) {
                if (sequence.state == State.RUNS && sequence.remaining() > 1) {
                    prompts.add(sequence);
                }
            }
        }
        if (!prompts.isEmpty()) {
            planPrompts(budget);
        }
        return parts;
    }

    private void planPrompts(int tokens) {
        int budget = tokens;
        Sequence oldest = prompts.getFirst(); // running is in order of admission
        int others = 0;
        for (int i = 1; i < prompts.size(); i++) {
            others = Math.min(budget, others + prompts.get(i).remaining());
        }
        budget -= take(oldest, Math.max(budget - others, Math.ceilDiv(budget, 2)));
        if (prompts.size() > 1) {
            prompts.removeFirst();
            prompts.sort(Comparator.comparingInt(Sequence::remaining));
            for (Sequence sequence : prompts) {
                if (budget > 0) {
                    budget -= take(sequence, budget);
                }
            }
        }
    }

    /// Let `sequence` compute up to `tokens` tokens.
    ///
    /// @return how many
    private int take(Sequence sequence, int tokens) {
        if (tokens < 1 || !sequence.job.running) {
            return 0;
        }
        int from = sequence.computed;
        int to = Math.min(from + tokens, sequence.length);
        int aligned = to / BLOCK * BLOCK;
        if (to < sequence.length && aligned > from) {
            to = aligned; // whole blocks can be shared at once
        }
        if (!provide(sequence, to)) {
            return 0;
        }
        parts.add(new Part(sequence, from, to));
        return to - from;
    }

    /// Give `sequence` blocks of its own for its tokens up to `to`.
    private boolean provide(Sequence sequence, int to) {
        int first = sequence.computed / BLOCK;
        if (first < sequence.blockCount && pool.holders(sequence.blocks[first]) > 1) {
            int own = block(sequence);
            if (own < 0) {
                return false;
            }
            int shared = sequence.blocks[first];
            pool.copy(shared, own);
            sequence.blocks[first] = own;
            pool.release(shared);
        }
        while (sequence.blockCount < CacheLayout.blocks(to)) {
            int block = block(sequence);
            if (block < 0) {
                return false;
            }
            sequence.addBlock(block);
        }
        return true;
    }

    /// Take a block for `sequence`; where memory is short others go back to the queue for it, or
    /// else it does itself.
    ///
    /// @return -1 if it has been sent back
    private int block(Sequence sequence) {
        Job job = sequence.job;
        if (job.promised > 0) {
            promise(job, job.promised - 1);
            return pool.take();
        }
        while (pool.available() - promised < 1) {
            Job victim = last();
            preempt(victim);
            if (!job.running) {
                return -1;
            }
        }
        return pool.take();
    }

    /// The running job with the lowest priority, among equals the youngest.
    private Job last() {
        Job last = running.getFirst();
        for (Job job : running) {
            if (job.earned <= last.earned) {
                last = job; // running is in order of admission
            }
        }
        return last;
    }

    private void preempt(Job job) {
        for (Sequence sequence : job.choices) {
            if (sequence.state != State.ENDED) {
                letGo(sequence);
                sequence.state = State.FOLLOWS;
            }
        }
        parts.removeIf(part -> !part.sequence.job.running || part.sequence.job == job);
        promise(job, 0);
        running.remove(job);
        job.running = false;
        waiting.add(job);
        preemptions++;
    }

    private void promise(Job job, int blocks) {
        promised += blocks - job.promised;
        job.promised = blocks;
    }

    // ---------------------------------------------------------------- admission

    private long urgency(Job job) {
        return job.request.priority() + (steps - job.arrival) / config.ageingSteps();
    }

    private void admit() {
        if (waiting.isEmpty()) {
            return;
        }
        waiting.sort(order);
        while (!waiting.isEmpty() && (admit(waiting.getFirst()) || makeRoom(waiting.getFirst()))) {
            // the next one is the first now
        }
        for (int i = 0; i < waiting.size(); i++) {
            waiting.get(i).ticket.moved(i + 1);
        }
    }

    private boolean admit(Job job) {
        if (runningSequences() + live(job) > config.maxSequences()) {
            return false;
        }
        Sequence leader = job.leader();
        PrefixIndex index = pool.index();
        Node prefix = index.root();
        int hits = 0;
        int kept = 0;
        // the last token is computed in any case, for its logits
        int most = config.prefixReuse() == PrefixReuse.OFF ? 0 : (leader.length - 1) / BLOCK;
        while (hits < most) {
            Node next = index.find(prefix, kind(job, hits), leader.tokens, hits * BLOCK);
            if (next.block() == PrefixIndex.NONE) {
                break;
            }
            kept += pool.holders(next.block()) == 0 ? 1 : 0;
            leader.addBlock(next.block());
            prefix = next;
            hits++;
        }
        leader.blockCount = 0;
        int need = reserve(job) - hits;
        if (pool.available() - kept - promised < need) {
            return false;
        }
        for (int i = 0; i < hits; i++) {
            pool.retain(leader.blocks[i]);
        }
        leader.blockCount = hits;
        leader.computed = hits * BLOCK;
        leader.published = hits;
        move(leader, prefix);
        leader.state = State.RUNS;
        reusedTokens += leader.computed;
        waiting.remove(job);
        running.add(job);
        job.running = true;
        job.earned = urgency(job);
        job.admission = admissions++;
        job.ticket.moved(0);
        promise(job, need);
        follow(job);
        return true;
    }

    /// Send back running jobs of lower priority than `job`, if that lets it run.
    private boolean makeRoom(Job job) {
        int blocks = 0;
        int sequences = 0;
        int victims = 0;
        boolean enough = false;
        List<Job> candidates = new ArrayList<>(running);
        candidates.removeIf(other -> other.earned >= job.request.priority());
        candidates.sort(
                Comparator.comparingLong((Job other) -> other.earned)
                        .thenComparingLong(other -> -other.admission));
        int need = reserve(job);
        while (!enough && victims < candidates.size()) {
            Job victim = candidates.get(victims++);
            blocks += victim.promised + owned(victim);
            sequences += live(victim);
            enough =
                    pool.available() - promised + blocks >= need
                            && runningSequences() - sequences + live(job) <= config.maxSequences();
        }
        if (!enough) {
            return false;
        }
        for (Job victim : candidates.subList(0, victims)) {
            preempt(victim);
        }
        waiting.remove(job);
        waiting.addFirst(job);
        return admit(job);
    }

    private int owned(Job job) {
        int count = 0;
        for (Sequence sequence : job.choices) {
            for (int i = 0; i < sequence.blockCount; i++) {
                count += pool.holders(sequence.blocks[i]) == 1 ? 1 : 0;
            }
        }
        return count;
    }

    private int runningSequences() {
        int count = 0;
        for (Job job : running) {
            count += live(job);
        }
        return count;
    }

    private static int live(Job job) {
        int count = 0;
        for (Sequence sequence : job.choices) {
            count += sequence.state == State.ENDED ? 0 : 1;
        }
        return count;
    }

    /// Blocks that must be free when `job` starts with nothing: its tokens, and its share of what
    /// it may still draw.
    private int reserve(Job job) {
        int full = job.fullPromptBlocks();
        int need = full;
        for (Sequence sequence : job.choices) {
            if (sequence.state != State.ENDED) {
                int last = lastCached(job);
                long more = (long) (last - sequence.length) * config.reservePercent();
                int tokens = sequence.length + (int) Math.ceilDiv(Math.max(0, more), 100L);
                need += CacheLayout.blocks(Math.min(last, tokens)) - full;
            }
        }
        return need;
    }

    /// Tokens of a choice at its end that have been cached: the last one drawn never is.
    private static int lastCached(Job job) {
        return job.promptLength() + job.request.maxTokens() - 1;
    }

    /// Blocks that a running job may still need.
    private int need(Job job) {
        int most = CacheLayout.blocks(lastCached(job));
        int need = 0;
        for (Sequence sequence : job.choices) {
            switch (sequence.state) {
                case ENDED -> {}
                case FOLLOWS -> need += most - job.fullPromptBlocks();
                case RUNS -> {
                    need += most - sequence.blockCount;
                    need += sharesLast(job, sequence) ? 1 : 0;
                }
            }
        }
        return need;
    }

    /// Whether the sequence must copy its last block before it writes: all that share one do, but
    /// the last of them.
    private static boolean sharesLast(Job job, Sequence sequence) {
        if (sequence.computed % BLOCK == 0 || sequence.blockCount * BLOCK < sequence.computed) {
            return false;
        }
        int block = sequence.blocks[sequence.computed / BLOCK];
        for (Sequence other : job.choices) {
            if (other.choice > sequence.choice
                    && other.state == State.RUNS
                    && other.blockCount > sequence.computed / BLOCK
                    && other.blocks[sequence.computed / BLOCK] == block) {
                return true;
            }
        }
        return false;
    }

    // ---------------------------------------------------------------- after a step

    /// Note that the cache holds the parts of the step, and publish the blocks that are full.
    void computed(List<Part> done) {
        for (Part part : done) {
            Sequence sequence = part.sequence;
            computedTokens += part.to - part.from;
            sequence.computed = part.to;
            publish(sequence);
        }
        for (Part part : done) {
            follow(part.sequence.job);
        }
    }

    private void publish(Sequence sequence) {
        while ((sequence.published + 1) * BLOCK <= sequence.computed) {
            int i = sequence.published++;
            if (config.prefixReuse() == PrefixReuse.OFF) {
                continue;
            }
            int kind = kind(sequence.job, i);
            Node node = pool.index().findOrAdd(sequence.prefix, kind, sequence.tokens, i * BLOCK);
            pool.publish(sequence.blocks[i], node);
            move(sequence, node);
        }
    }

    private void move(Sequence sequence, Node to) {
        Node root = pool.index().root();
        Node from = sequence.prefix;
        if (to != root) {
            pool.index().hold(to);
        }
        sequence.prefix = to;
        if (from != root) {
            pool.index().release(from);
        }
    }

    /// Blocks are told apart by the form that computed them, where bits matter.
    private int kind(Job job, int block) {
        boolean expanded = (block + 1) * BLOCK <= job.expandedEnd;
        return config.prefixReuse() == PrefixReuse.EXACT && expanded ? 1 : 0;
    }

    /// Let the choices that wait for the prompt share it as soon as it is there.
    private void follow(Job job) {
        if (!job.running || job.choices.size() == 1) {
            return;
        }
        Sequence leader = job.leader();
        if (leader.state != State.RUNS) {
            leader.state = State.RUNS; // the one it followed has ended
        }
        for (Sequence sequence : job.choices) {
            if (sequence.state == State.FOLLOWS) {
                boolean fresh = sequence.generated() == 0;
                int shared = fresh ? job.promptLength() : job.fullPromptBlocks() * BLOCK;
                if (leader.computed < shared || fresh && leader.generated() > 0) {
                    continue;
                }
                for (int i = 0; i < CacheLayout.blocks(shared); i++) {
                    pool.retain(leader.blocks[i]);
                    sequence.addBlock(leader.blocks[i]);
                }
                sequence.computed = shared;
                sequence.state = State.RUNS;
                Node prefix = leader.prefix;
                if (leader.published > job.fullPromptBlocks()) {
                    continue; // publishes its own blocks from the beginning
                }
                sequence.published = leader.published;
                move(sequence, prefix);
            }
        }
    }

    // ---------------------------------------------------------------- figures and checks

    boolean idle() {
        return running.isEmpty() && waiting.isEmpty();
    }

    int waiting() {
        return waiting.size();
    }

    /// All jobs, running and waiting, a copy.
    List<Job> jobs() {
        List<Job> all = new ArrayList<>(running);
        all.addAll(waiting);
        return all;
    }

    EngineStats stats() {
        return new EngineStats(
                steps,
                running.size(),
                waiting.size(),
                pool.size(),
                pool.size() - pool.available(),
                pool.kept(),
                computedTokens,
                reusedTokens,
                preemptions);
    }

    /// Check that sequences, promises and pool agree.
    ///
    /// @throws IllegalStateException naming what does not
    void checkInvariants() {
        pool.check();
        int[] held = new int[pool.size()];
        int promises = 0;
        for (Job job : waiting) {
            expect(!job.running && job.promised == 0, job, "waits with a promise");
            for (Sequence sequence : job.choices) {
                expect(sequence.blockCount == 0, job, "waits with blocks");
                expect(sequence.state != State.RUNS, job, "waits and runs");
            }
            expect(!job.ended(), job, "waits after its end");
        }
        for (Job job : running) {
            expect(job.running && !job.ended(), job, "does not run");
            expect(job.leader().state == State.RUNS, job, "has no leader");
            promises += job.promised;
            boolean enough = job.promised >= need(job);
            expect(config.reservePercent() < 100 || enough, job, "lacks promised blocks");
            for (Sequence sequence : job.choices) {
                checkSequence(sequence);
                for (int i = 0; i < sequence.blockCount; i++) {
                    held[sequence.blocks[i]]++;
                }
            }
        }
        if (promises != promised || promised > pool.available()) {
            throw new IllegalStateException(
                    "%d blocks are promised, the jobs count %d, %d are available"
                            .formatted(promised, promises, pool.available()));
        }
        for (int b = 0; b < held.length; b++) {
            if (held[b] != pool.holders(b)) {
                throw new IllegalStateException(
                        "block %d has %d holders, counts %d"
                                .formatted(b, held[b], pool.holders(b)));
            }
        }
    }

    private static void checkSequence(Sequence sequence) {
        Job job = sequence.job;
        boolean fits = sequence.blockCount * BLOCK >= sequence.computed;
        expect(fits && sequence.computed <= sequence.length, job, "has too few blocks");
        expect(sequence.published * BLOCK <= sequence.computed, job, "published too much");
        boolean none = sequence.blockCount == 0;
        expect(sequence.state == State.RUNS || none, job, "holds blocks for nothing");
        boolean within = sequence.generated() <= job.request.maxTokens();
        expect(within, job, "drew too many tokens");
    }

    private static void expect(boolean holds, Job job, String message) {
        if (!holds) {
            throw new IllegalStateException("request " + job.ticket.id() + " " + message);
        }
    }
}
