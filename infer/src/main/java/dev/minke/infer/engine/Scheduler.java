package dev.minke.infer.engine;

import dev.minke.infer.engine.PrefixIndex.Node;
import dev.minke.infer.engine.Sequence.State;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

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
    ///
    /// @param logits rows at the end whose logits are wanted: none within a prompt, else the last
    ///   token's and those of guesses behind it
    record Part(Sequence sequence, int from, int to, int logits) {
        /// Whether the step yields the sequence's next token.
        boolean draws() {
            return logits > 0;
        }

        /// Whether nothing but the last token and guesses are computed.
        boolean decodes() {
            return logits == to - from;
        }
    }

    private final EngineConfig config;
    private final BlockPool pool;
    private final Prefixes prefixes;
    private final int expandedLimit;
    private final List<Job> waiting = new ArrayList<>();
    private final List<Job> running = new ArrayList<>();
    private final List<Part> parts = new ArrayList<>();
    private final List<Sequence> prompts = new ArrayList<>();
    private final List<Sequence> spared = new ArrayList<>();
    private long steps;
    private long admissions;
    private int promised;
    private long computedTokens;
    private long preemptions;

    private final Comparator<Job> order =
            Comparator.comparingLong((Job job) -> -urgency(job))
                    .thenComparingLong(job -> job.ticket.id());

    /// @param store prefixes on disk, if there are any
    /// @param expandedLimit longest context in expanded form
    Scheduler(EngineConfig config, BlockPool pool, Optional<PrefixStore> store, int expandedLimit) {
        this.config = config;
        this.pool = pool;
        prefixes = new Prefixes(config, pool, store);
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
        sequence.restart();
        prefixes.leave(sequence);
    }

    // ---------------------------------------------------------------- the plan of a step

    /// Choose the parts of the next step, with their blocks in place; empty if nothing can run.
    List<Part> plan() {
        steps++;
        parts.clear();
        prefixes.save();
        admit();
        follow();
        int budget = config.stepTokens();
        int guesses = roomForGuesses(budget);
        // the list may shrink on the way: whom that skips, the next step takes
        for (int i = 0; i < running.size(); i++) {
            for (Sequence sequence : running.get(i).choices) {
                if (sequence.decodes()) {
                    int rows = takeNext(sequence, guesses);
                    budget -= rows;
                    guesses -= Math.max(0, rows - 1);
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

    /// Rows that are left when every decoding sequence has one; prompts may have half of them.
    private int roomForGuesses(int budget) {
        int left = budget;
        boolean prompt = false;
        for (Job job : running) {
            for (Sequence sequence : job.choices) {
                left -= sequence.decodes() ? 1 : 0;
                prompt |= sequence.state == State.RUNS && sequence.remaining() > 1;
            }
        }
        return prompt ? left / 2 : left;
    }

    private void planPrompts(int tokens) {
        int budget = tokens;
        if (prompts.size() > 1) {
            // running, and so this list, is in order of admission
            prompts.subList(1, prompts.size()).sort(Comparator.comparingInt(Sequence::remaining));
        }
        spareTwice();
        int others = 0;
        for (int i = 1; i < prompts.size(); i++) {
            others = Math.min(budget, others + prompts.get(i).remaining());
        }
        int half = Math.max(budget - others, Math.ceilDiv(budget, 2));
        budget -= take(prompts.getFirst(), half);
        for (int i = 1; i < prompts.size() && budget > 0; i++) {
            budget -= take(prompts.get(i), budget);
        }
        for (int i = 0; i < spared.size() && parts.isEmpty(); i++) {
            take(spared.get(i), budget); // the one it waited for has just been sent back
        }
    }

    /// Leave out whoever would compute what another one before it in the list is computing: it gets
    /// that block when it is there. Nobody waits for a sequence that is served after it, and who
    /// waits is asked again in every step, so that it goes on when the other one ends.
    private void spareTwice() {
        spared.clear();
        for (int i = 1; i < prompts.size(); i++) {
            for (int j = 0; j < i; j++) {
                if (prefixes.same(prompts.get(j), prompts.get(i))) {
                    spared.add(prompts.remove(i--));
                    break;
                }
            }
        }
    }

    /// Give prompts the blocks that others have computed since.
    private void follow() {
        for (Job job : running) {
            for (Sequence sequence : job.choices) {
                if (sequence.state == State.RUNS && sequence.remaining() > 1) {
                    follow(sequence);
                }
            }
        }
    }

    private void follow(Sequence sequence) {
        Job job = sequence.job;
        int block = prefixes.ready(sequence);
        while (block != PrefixIndex.NONE) {
            boolean kept = pool.holders(block) == 0;
            if (job.promised > 0) {
                promise(job, job.promised - 1); // one that it need not take
            } else if (kept && pool.available() - promised < 1) {
                return; // all that is left is promised to others
            }
            prefixes.follow(sequence);
            block = prefixes.ready(sequence);
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
        parts.add(new Part(sequence, from, to, to == sequence.length ? 1 : 0));
        return to - from;
    }

    /// Let `sequence` compute its last token, and of the guesses behind it `guesses` at most, as
    /// far as blocks that are free suffice.
    ///
    /// @return how many rows
    private int takeNext(Sequence sequence, int guesses) {
        int from = sequence.computed;
        if (!sequence.job.running || !provide(sequence, from + 1)) {
            return 0;
        }
        int to = from + 1 + Math.min(guesses, sequence.drafts);
        while (sequence.blockCount < CacheLayout.blocks(to)
                && (sequence.job.promised > 0 || pool.available() > promised)) {
            sequence.addBlock(block(sequence));
        }
        to = Math.min(to, sequence.blockCount * BLOCK);
        parts.add(new Part(sequence, from, to, to - from));
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
        Prefixes.Found found;
        int need;
        do {
            found = prefixes.find(leader);
            need = reserve(job) - found.blocks();
            int loaded = found.blocks() - found.inMemory();
            if (pool.available() - found.kept() - promised < need + loaded) {
                return false;
            }
        } while (!prefixes.take(leader, found));
        leader.state = State.RUNS;
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
            sequence.computed = Math.min(part.to, sequence.length);
            prefixes.publish(sequence);
        }
        for (Part part : done) {
            follow(part.sequence.job);
        }
    }

    /// Note that a guess is what was drawn, so that the cache holds that token.
    void accept(Sequence sequence) {
        sequence.computed++;
        prefixes.publish(sequence);
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
                prefixes.move(sequence, prefix);
            }
        }
    }

    // ---------------------------------------------------------------- figures and checks

    /// Hand what was computed last to the store.
    void close() {
        prefixes.save();
    }

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

    EngineStats stats(long drafted, long accepted) {
        return new EngineStats(
                steps,
                running.size(),
                waiting.size(),
                pool.size(),
                pool.size() - pool.available(),
                pool.kept(),
                computedTokens,
                prefixes.reusedTokens(),
                prefixes.loadedTokens(),
                preemptions,
                drafted,
                accepted);
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
        boolean useful = sequence.drafts == 0 || sequence.drafts < sequence.left();
        expect(useful, job, "has guesses beyond its limit");
        boolean decodes = sequence.drafts == 0 || sequence.decodes();
        expect(decodes, job, "has guesses within its prompt");
    }

    private static void expect(boolean holds, Job job, String message) {
        if (!holds) {
            throw new IllegalStateException("request " + job.ticket.id() + " " + message);
        }
    }
}
