package dev.minke.model.template;

import java.math.BigInteger;

/// An integer, of as many digits as Python prints.
record Int(BigInteger value) implements Value {
    private static final Int[] SMALL = new Int[1024];

    static {
        for (int i = 0; i < SMALL.length; i++) {
            SMALL[i] = new Int(BigInteger.valueOf(i));
        }
    }

    static Int of(long value) {
        return value >= 0 && value < SMALL.length
                ? SMALL[(int) value]
                : new Int(BigInteger.valueOf(value));
    }

    static Int of(BigInteger value) {
        return value.bitLength() < 10 && value.signum() >= 0
                ? SMALL[value.intValue()]
                : new Int(value);
    }

    @Override
    public String type() {
        return "int";
    }

    @Override
    public boolean truth() {
        return value.signum() != 0;
    }
}
