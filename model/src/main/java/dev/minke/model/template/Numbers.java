package dev.minke.model.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import org.jspecify.annotations.Nullable;

/// Python's arithmetic: integers of any size up to a bound, floor division, exact comparison.
final class Numbers {
    /// Python refuses to print more.
    static final int MOST_DIGITS = 4300;

    private static final int MOST_BITS = 14_284; // of a number with so many digits

    private Numbers() {}

    /// The value as an integer; null if it is not one.
    static @Nullable BigInteger integer(Value value) {
        return switch (value) {
            case Int number -> number.value();
            case Bool bool -> bool.truth() ? BigInteger.ONE : BigInteger.ZERO;
            default -> null;
        };
    }

    static boolean isNumber(Value value) {
        return value instanceof Int || value instanceof Real || value instanceof Bool;
    }

    static double real(Rendering r, Value value) {
        if (value instanceof Real real) {
            return real.value();
        }
        BigInteger integer = integer(value);
        if (integer == null) {
            throw r.fail("a number is expected, found a value of type " + value.type());
        }
        double real = integer.doubleValue();
        if (Double.isInfinite(real)) {
            throw r.fail("the integer is too large for a float");
        }
        return real;
    }

    static Int checked(Rendering r, BigInteger value) {
        if (value.bitLength() > MOST_BITS) {
            throw tooLarge(r);
        }
        if (value.bitLength() > 64) {
            r.grow(1 + value.bitLength() / 256);
        }
        return Int.of(value);
    }

    private static TemplateException tooLarge(Rendering r) {
        return r.fail("the integer has more than %d digits".formatted(MOST_DIGITS));
    }

    /// Apply an operator to two numbers.
    static Value apply(Rendering r, String operator, Value a, Value b) {
        BigInteger x = integer(a);
        BigInteger y = integer(b);
        return x != null && y != null
                ? integers(r, operator, x, y)
                : reals(r, operator, real(r, a), real(r, b));
    }

    private static Value integers(Rendering r, String operator, BigInteger x, BigInteger y) {
        long bits = x.bitLength() + (long) y.bitLength();
        r.steps(bits >> 6);
        r.take(bits);
        return switch (operator) {
            case "+" -> checked(r, x.add(y));
            case "-" -> checked(r, x.subtract(y));
            case "*" -> checked(r, x.multiply(y));
            case "/" -> new Real(divide(r, x, y));
            case "//" -> checked(r, floorDivide(r, x, y));
            case "%" -> checked(r, x.subtract(floorDivide(r, x, y).multiply(y)));
            default -> power(r, x, y);
        };
    }

    private static void checkDivisor(Rendering r, boolean zero) {
        if (zero) {
            throw r.fail("division by zero");
        }
    }

    private static double divide(Rendering r, BigInteger x, BigInteger y) {
        checkDivisor(r, y.signum() == 0);
        if (x.bitLength() <= 53 && y.bitLength() <= 53) {
            return x.doubleValue() / y.doubleValue();
        }
        r.steps(1000);
        r.take(1 << 16);
        // 800 digits hold every double and every point half way between two
        double real =
                new BigDecimal(x)
                        .divide(new BigDecimal(y), new MathContext(800, RoundingMode.HALF_EVEN))
                        .doubleValue();
        if (Double.isInfinite(real)) {
            throw r.fail("the integer division result is too large for a float");
        }
        return real;
    }

    private static BigInteger floorDivide(Rendering r, BigInteger x, BigInteger y) {
        checkDivisor(r, y.signum() == 0);
        BigInteger[] parts = x.divideAndRemainder(y);
        return parts[1].signum() * y.signum() < 0 ? parts[0].subtract(BigInteger.ONE) : parts[0];
    }

    private static Value power(Rendering r, BigInteger x, BigInteger y) {
        if (y.signum() < 0) {
            if (x.signum() == 0) {
                throw r.fail("0.0 cannot be raised to a negative power");
            }
            return new Real(Math.pow(real(r, Int.of(x)), real(r, Int.of(y))));
        }
        if (x.bitLength() <= 1 && x.abs().bitLength() <= 1) {
            boolean negative = x.signum() < 0 && y.testBit(0);
            return Int.of(y.signum() == 0 ? BigInteger.ONE : negative ? x : x.abs()); // -1, 0 or 1
        }
        if (y.bitLength() > 14 || (x.bitLength() - 1L) * y.intValue() > MOST_BITS) {
            throw tooLarge(r);
        }
        r.steps(1 + (x.bitLength() * y.longValue() >> 5));
        r.take(2L * x.bitLength() * y.longValue());
        return checked(r, x.pow(y.intValue()));
    }

    private static Value reals(Rendering r, String operator, double x, double y) {
        return new Real(
                switch (operator) {
                    case "+" -> x + y;
                    case "-" -> x - y;
                    case "*" -> x * y;
                    case "/" -> {
                        checkDivisor(r, y == 0);
                        yield x / y;
                    }
                    case "//" -> {
                        checkDivisor(r, y == 0);
                        yield floorDivide(x, y);
                    }
                    case "%" -> {
                        checkDivisor(r, y == 0);
                        yield modulo(x, y);
                    }
                    default -> power(r, x, y);
                });
    }

    private static double modulo(double x, double y) {
        double rest = x % y;
        if (rest == 0) {
            return Math.copySign(0.0, y);
        }
        return rest < 0 != y < 0 ? rest + y : rest;
    }

    private static double floorDivide(double x, double y) {
        double rest = x % y;
        double quotient = (x - rest) / y;
        if (rest != 0 && rest < 0 != y < 0) {
            quotient -= 1;
        }
        if (quotient == 0) {
            return Math.copySign(0.0, x / y);
        }
        double floor = Math.floor(quotient);
        return quotient - floor > 0.5 ? floor + 1 : floor;
    }

    private static double power(Rendering r, double x, double y) {
        if (x == 0 && y < 0) {
            throw r.fail("0.0 cannot be raised to a negative power");
        }
        if (x == 1 || y == 0) {
            return 1; // also for NaN, as in C
        }
        if (x == -1 && Double.isInfinite(y)) {
            return 1;
        }
        if (x < 0 && y != Math.rint(y) && !Double.isInfinite(x)) {
            throw r.fail("complex numbers are not supported");
        }
        double power = Math.pow(x, y);
        if (Double.isInfinite(power) && !Double.isInfinite(x) && !Double.isInfinite(y)) {
            throw r.fail("the result of '**' is too large");
        }
        return power;
    }

    /// Compare two numbers exactly; null if one is not a number in the sense of IEEE.
    static @Nullable Integer compare(Rendering r, Value a, Value b) {
        BigInteger x = integer(a);
        BigInteger y = integer(b);
        if (x != null && y != null) {
            return x.compareTo(y);
        }
        double p = x != null ? approximate(x) : ((Real) a).value();
        double q = y != null ? approximate(y) : ((Real) b).value();
        if (Double.isNaN(p) || Double.isNaN(q)) {
            return null;
        }
        if (Double.isInfinite(p) || Double.isInfinite(q) || x == null && y == null) {
            return p < q ? -1 : p > q ? 1 : 0;
        }
        if (Math.max(Math.abs(p), Math.abs(q)) < 1L << 52) {
            return Double.compare(p + 0.0, q + 0.0); // exact, and -0.0 is 0.0
        }
        r.steps(100);
        r.take(1 << 14);
        return exact(x, p).compareTo(exact(y, q));
    }

    /// The nearest finite double.
    private static double approximate(BigInteger value) {
        double real = value.doubleValue();
        return Double.isInfinite(real) ? Math.copySign(Double.MAX_VALUE, real) : real;
    }

    private static BigDecimal exact(@Nullable BigInteger integer, double real) {
        return integer != null ? new BigDecimal(integer) : new BigDecimal(real);
    }

    /// Round to digits behind the point, halves to even, as `round` does.
    static Value round(Rendering r, Value value, int digits) {
        r.steps(100);
        r.take(1 << 14);
        BigInteger integer = integer(value);
        if (integer != null) {
            if (digits >= 0) {
                return Int.of(integer);
            }
            if (digits < -MOST_DIGITS) {
                return Int.of(0);
            }
            BigDecimal rounded = new BigDecimal(integer).setScale(digits, RoundingMode.HALF_EVEN);
            return checked(r, rounded.toBigInteger());
        }
        double real = real(r, value);
        if (Double.isNaN(real) || Double.isInfinite(real) || digits > 400) {
            return new Real(real);
        }
        if (digits < -400) {
            return new Real(Math.copySign(0.0, real));
        }
        double rounded =
                new BigDecimal(real).setScale(digits, RoundingMode.HALF_EVEN).doubleValue();
        return new Real(Math.copySign(Math.abs(rounded), real));
    }

    /// Cut the fraction of a float away, as `int` does.
    static Int truncate(Rendering r, double value) {
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            throw r.fail("cannot convert a float without a finite value to an integer");
        }
        return Int.of(new BigDecimal(value).toBigInteger());
    }

    /// Read an integer as `int(text, radix)` does; null if it is none.
    static @Nullable BigInteger parseInteger(Rendering r, String text, int radix) {
        r.steps(text.length());
        r.characters(2L * text.length());
        String digits = strip(text);
        boolean negative = digits.startsWith("-");
        if (negative || digits.startsWith("+")) {
            digits = digits.substring(1);
        }
        int base = radix;
        if (digits.length() > 1 && digits.charAt(0) == '0') {
            int prefix =
                    switch (digits.charAt(1) | 0x20) {
                        case 'x' -> 16;
                        case 'o' -> 8;
                        case 'b' -> 2;
                        default -> 0;
                    };
            if (prefix > 0 && (radix == prefix || radix == 0)) {
                base = prefix;
                digits = digits.substring(digits.startsWith("_", 2) ? 3 : 2);
            }
        }
        base = base == 0 ? 10 : base;
        if (base < 2 || base > 36 || !isDigits(digits, base)) {
            return null;
        }
        digits = digits.replace("_", "");
        if (digits.length() > MOST_DIGITS) {
            throw tooLarge(r);
        }
        BigInteger value = new BigInteger(digits, base);
        return checked(r, negative ? value.negate() : value).value();
    }

    private static boolean isDigits(String digits, int radix) {
        boolean digit = false;
        for (int i = 0; i < digits.length(); i++) {
            char c = digits.charAt(i);
            if (c == '_' && !digit) {
                return false;
            }
            if (c != '_' && Character.digit(c, radix) < 0) {
                return false;
            }
            digit = c != '_';
        }
        return digit;
    }

    /// Read a float as `float(text)` does; null if it is none.
    static @Nullable Double parseReal(String text) {
        String number = strip(text);
        String word = number.replaceFirst("^[+-]", "").toLowerCase(java.util.Locale.ROOT);
        double sign = number.startsWith("-") ? -1 : 1;
        switch (word) {
            case "inf", "infinity" -> {
                return sign * Double.POSITIVE_INFINITY;
            }
            case "nan" -> {
                return Double.NaN;
            }
            default -> {}
        }
        boolean dot = false;
        boolean exponent = false;
        char before = 0;
        int digits = 0;
        for (int i = 0; i < word.length(); i++) {
            char c = word.charAt(i);
            boolean fits =
                    switch (c) {
                        case '.' -> !dot && !exponent && before != '_';
                        case 'e' -> !exponent && digits > 0 && before != '_';
                        case '+', '-' -> before == 'e';
                        case '_' ->
                                before >= '0'
                                        && before <= '9'
                                        && i + 1 < word.length()
                                        && Character.isDigit(word.charAt(i + 1));
                        default -> c >= '0' && c <= '9';
                    };
            if (!fits) {
                return null;
            }
            dot |= c == '.';
            exponent |= c == 'e';
            digits += c >= '0' && c <= '9' ? 1 : 0;
            before = c;
        }
        boolean complete = digits > 0 && (before >= '0' && before <= '9' || before == '.');
        return complete ? sign * Double.parseDouble(word.replace("_", "")) : null;
    }

    private static String strip(String text) {
        int from = 0;
        int to = text.length();
        while (from < to && Chars.isSpace(text.charAt(from))) {
            from++;
        }
        while (to > from && Chars.isSpace(text.charAt(to - 1))) {
            to--;
        }
        return text.substring(from, to);
    }
}
