package dev.minke.infer.engine;

/// How long something takes by its size, from measurements.
///
/// Between sizes that were measured lies a line; beyond them the guess is hopeful, so that they are
/// tried. A size is believed to be faster sooner than slower, since what disturbs a measurement
/// makes it longer, and never slower than a larger one. What all sizes have in common (code that
/// warms up, a longer context, a busy machine) is learnt from any of them.
final class StepTimes {
    private static final int FINE = 32;
    private static final int COARSE = 8;
    private static final int PLACES = 128;

    // exponents on the ratio of a new measurement to what is believed
    private static final double FASTER = 0.5;
    private static final double SLOWER = 0.2;

    // share of a change that all sizes have: most of it while code warms up
    private static final double COMMON_AT_FIRST = 0.6;
    private static final double COMMON = 0.2;
    private static final int WARM = 200;

    private static final double CLIP_FASTER = 0.5;
    private static final double CLIP_SLOWER = 1.4; // one that was disturbed may not decide
    private static final double FIRST_CLIP = 1.5;

    private final double[] seconds = new double[PLACES]; // 0 where nothing is known
    private int measurements;

    private static int place(int size) {
        return size < FINE ? size : Math.min(PLACES - 1, FINE + (size - FINE) / COARSE);
    }

    private static int size(int place) {
        return place < FINE ? place : FINE + (place - FINE) * COARSE;
    }

    /// Learn that `size` took `time` seconds.
    void measured(int size, double time) {
        int place = place(size);
        if (seconds[place] == 0) {
            double guess = estimate(size);
            seconds[place] = guess == 0 ? time : Math.min(time, FIRST_CLIP * guess);
        } else {
            double ratio = Math.clamp(time / seconds[place], CLIP_FASTER, CLIP_SLOWER);
            double change = Math.pow(ratio, ratio < 1 ? FASTER : SLOWER);
            double others = Math.pow(change, measurements++ < WARM ? COMMON_AT_FIRST : COMMON);
            for (int i = 0; i < PLACES; i++) {
                seconds[i] *= i == place ? change : others;
            }
        }
        for (int i = 1; i < PLACES; i++) { // nothing larger is faster
            if (i < place) {
                seconds[i] = Math.min(seconds[i], seconds[place]);
            } else if (seconds[i] > 0) {
                seconds[i] = Math.max(seconds[i], seconds[place]);
            }
        }
    }

    /// Seconds for `size`; 0 if nothing was measured.
    double estimate(int size) {
        int place = place(size);
        if (seconds[place] > 0) {
            return seconds[place];
        }
        int below = place;
        while (below >= 0 && seconds[below] == 0) {
            below--;
        }
        int above = place;
        while (above < PLACES && seconds[above] == 0) {
            above++;
        }
        if (above == PLACES) {
            return below < 0 ? 0 : seconds[below];
        }
        if (below < 0) {
            return seconds[above] * size(place) / size(above);
        }
        double share = (double) (place - below) / (above - below);
        return seconds[below] + share * (seconds[above] - seconds[below]);
    }
}
