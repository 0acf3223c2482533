package dev.minke.model.template;

/// The numbers from a start up or down to a stop.
record Range(long start, long stop, long step) implements Value {
    static final long MOST = 100_000; // the sandbox of Jinja has the same bound

    int size() {
        long span = step > 0 ? stop - start : start - stop;
        return span <= 0 ? 0 : (int) Math.min(MOST + 1, 1 + (span - 1) / Math.abs(step));
    }

    Int get(int index) {
        return Int.of(start + index * step);
    }

    @Override
    public String type() {
        return "range";
    }

    @Override
    public boolean truth() {
        return size() > 0;
    }
}
