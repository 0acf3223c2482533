package dev.minke.model.checkpoint.gguf;

import dev.minke.model.checkpoint.MalformedCheckpoint;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.SequencedMap;
import java.util.SequencedSet;

/// The keys of a file and their values, which stay in the mapped file until they are asked for.
///
/// Accessors come in pairs: one that demands the key, and a `find` that does without it. Both
/// refuse a value of another kind with a line that names file, key, and what was expected and
/// found. An integer may have any width. What is one number in some files and one per layer in
/// others is read by [#integers(String, int)] and [#numbers(String, int)].
///
/// Arrays and lists must not be touched once the file is closed. Safe for several threads.
public final class GgufMetadata {
    private final Path file;
    private final MemorySegment bytes;

    /// Where the type before each value is.
    private final SequencedMap<String, Long> places;

    /// @param bytes the whole file, whose values were checked
    GgufMetadata(Path file, MemorySegment bytes, SequencedMap<String, Long> places) {
        this.file = file;
        this.bytes = bytes;
        this.places = places;
    }

    /// The file.
    public Path file() {
        return file;
    }

    /// All keys in the order of the file.
    public SequencedSet<String> keys() {
        return places.sequencedKeySet();
    }

    /// Whether there is that key.
    public boolean contains(String key) {
        return places.containsKey(key);
    }

    /// All keys and values in the order of the file, as a writer takes them.
    public SequencedMap<String, GgufValue> toMap() {
        SequencedMap<String, GgufValue> values = LinkedHashMap.newLinkedHashMap(places.size());
        places.forEach((key, place) -> values.put(key, at(place)));
        return values;
    }

    private GgufValue at(long place) {
        GgufValueType type = Wire.type(bytes, place);
        return Wire.value(bytes, place + Integer.BYTES, type);
    }

    /// The value of a key, whatever it is.
    public Optional<GgufValue> find(String key) {
        return Optional.ofNullable(places.get(key)).map(this::at);
    }

    /// The value of a key, whatever it is.
    ///
    /// @throws MalformedCheckpoint if there is no such key
    public GgufValue value(String key) throws MalformedCheckpoint {
        return demand(key, find(key));
    }

    /// A string, if there is one.
    ///
    /// @throws MalformedCheckpoint if it is something else
    public Optional<String> findString(String key) throws MalformedCheckpoint {
        return switch (find(key).orElse(null)) {
            case null -> Optional.empty();
            case GgufValue.Text text -> Optional.of(text.value());
            case GgufValue other -> throw wrong(key, "a STRING", other);
        };
    }

    /// A string.
    ///
    /// @throws MalformedCheckpoint if it is missing or something else
    public String string(String key) throws MalformedCheckpoint {
        return demand(key, findString(key));
    }

    /// A truth value, if there is one.
    ///
    /// @throws MalformedCheckpoint if it is something else
    public Optional<Boolean> findBool(String key) throws MalformedCheckpoint {
        return switch (find(key).orElse(null)) {
            case null -> Optional.empty();
            case GgufValue.Bool bool -> Optional.of(bool.value());
            case GgufValue other -> throw wrong(key, "a BOOL", other);
        };
    }

    /// A truth value.
    ///
    /// @throws MalformedCheckpoint if it is missing or something else
    public boolean bool(String key) throws MalformedCheckpoint {
        return demand(key, findBool(key));
    }

    /// An integer of any width, if there is one.
    ///
    /// @throws MalformedCheckpoint if it is something else, or 2^63 or more
    public OptionalLong findInteger(String key) throws MalformedCheckpoint {
        return switch (find(key).orElse(null)) {
            case null -> OptionalLong.empty();
            case GgufValue.Whole whole when whole.fitsLong() -> OptionalLong.of(whole.value());
            case GgufValue other -> throw wrong(key, "an integer below 2^63", other);
        };
    }

    /// An integer of any width.
    ///
    /// @throws MalformedCheckpoint if it is missing, something else, or 2^63 or more
    public long integer(String key) throws MalformedCheckpoint {
        return findInteger(key).orElseThrow(() -> missing(key));
    }

    /// A floating-point number or an integer, if there is one.
    ///
    /// @throws MalformedCheckpoint if it is something else
    public OptionalDouble findNumber(String key) throws MalformedCheckpoint {
        return switch (find(key).orElse(null)) {
            case null -> OptionalDouble.empty();
            case GgufValue.Real real -> OptionalDouble.of(real.value());
            case GgufValue.Whole whole when whole.fitsLong() -> OptionalDouble.of(whole.value());
            case GgufValue other -> throw wrong(key, "a number", other);
        };
    }

    /// A floating-point number or an integer.
    ///
    /// @throws MalformedCheckpoint if it is missing or something else
    public double number(String key) throws MalformedCheckpoint {
        return findNumber(key).orElseThrow(() -> missing(key));
    }

    /// An array, if there is one.
    ///
    /// @throws MalformedCheckpoint if it is something else
    public Optional<GgufArray> findArray(String key) throws MalformedCheckpoint {
        return switch (find(key).orElse(null)) {
            case null -> Optional.empty();
            case GgufArray array -> Optional.of(array);
            case GgufValue other -> throw wrong(key, "an ARRAY", other);
        };
    }

    /// An array.
    ///
    /// @throws MalformedCheckpoint if it is missing or something else
    public GgufArray array(String key) throws MalformedCheckpoint {
        return demand(key, findArray(key));
    }

    /// An array of strings, if there is one, as a list that decodes on demand.
    ///
    /// @throws MalformedCheckpoint if it is something else
    public Optional<List<String>> findStrings(String key) throws MalformedCheckpoint {
        GgufArray array = findArray(key).orElse(null);
        if (array != null && array.elementType() != GgufValueType.STRING) {
            throw wrong(key, "an ARRAY of STRING", array);
        }
        return Optional.ofNullable(array).map(GgufArray::strings);
    }

    /// An array of strings, as a list that decodes on demand.
    ///
    /// @throws MalformedCheckpoint if it is missing or something else
    public List<String> strings(String key) throws MalformedCheckpoint {
        return demand(key, findStrings(key));
    }

    /// An array of integers of any width, if there is one.
    ///
    /// @throws MalformedCheckpoint if it is something else, or has an element of 2^63 or more
    public Optional<long[]> findIntegers(String key) throws MalformedCheckpoint {
        GgufArray array = findArray(key).orElse(null);
        return array == null ? Optional.empty() : Optional.of(integers(key, array));
    }

    /// An array of integers of any width.
    ///
    /// @throws MalformedCheckpoint if it is missing, something else, or has an element of 2^63 or
    ///   more
    public long[] integers(String key) throws MalformedCheckpoint {
        return integers(key, array(key));
    }

    private long[] integers(String key, GgufArray array) throws MalformedCheckpoint {
        if (!array.elementType().integer()) {
            throw wrong(key, "an ARRAY of integers", array);
        }
        long[] values = new long[array.size()];
        for (int i = 0; i < values.length; i++) {
            if (!(array.value(i) instanceof GgufValue.Whole whole) || !whole.fitsLong()) {
                throw wrong(key, "integers below 2^63", array.value(i));
            }
            values[i] = whole.value();
        }
        return values;
    }

    /// Integers for `count` layers: an array of as many, or one integer for all.
    ///
    /// @throws MalformedCheckpoint if it is missing, something else or of another length
    public long[] integers(String key, int count) throws MalformedCheckpoint {
        if (value(key) instanceof GgufArray array) {
            return integers(key, sized(key, array, count));
        }
        long[] values = new long[count];
        Arrays.fill(values, integer(key));
        return values;
    }

    /// An array of numbers, if there is one.
    ///
    /// @throws MalformedCheckpoint if it is something else
    public Optional<double[]> findNumbers(String key) throws MalformedCheckpoint {
        GgufArray array = findArray(key).orElse(null);
        return array == null ? Optional.empty() : Optional.of(numbers(key, array));
    }

    /// An array of numbers.
    ///
    /// @throws MalformedCheckpoint if it is missing or something else
    public double[] numbers(String key) throws MalformedCheckpoint {
        return numbers(key, array(key));
    }

    private double[] numbers(String key, GgufArray array) throws MalformedCheckpoint {
        if (array.elementType().real()) {
            return array.numbers();
        }
        if (!array.elementType().integer()) {
            throw wrong(key, "an ARRAY of numbers", array);
        }
        return Arrays.stream(integers(key, array)).asDoubleStream().toArray();
    }

    /// Numbers for `count` layers: an array of as many, or one number for all.
    ///
    /// @throws MalformedCheckpoint if it is missing, something else or of another length
    public double[] numbers(String key, int count) throws MalformedCheckpoint {
        if (value(key) instanceof GgufArray array) {
            return numbers(key, sized(key, array, count));
        }
        double[] values = new double[count];
        Arrays.fill(values, number(key));
        return values;
    }

    private GgufArray sized(String key, GgufArray array, int count) throws MalformedCheckpoint {
        if (array.size() != count) {
            throw wrong(key, "one value or an ARRAY of " + count, array);
        }
        return array;
    }

    private <T> T demand(String key, Optional<T> value) throws MalformedCheckpoint {
        return value.orElseThrow(() -> missing(key));
    }

    private MalformedCheckpoint missing(String key) {
        return new MalformedCheckpoint(file, "key " + key, "it in the metadata", "none");
    }

    private MalformedCheckpoint wrong(String key, String expected, GgufValue found) {
        String shown =
                switch (found) {
                    case GgufArray array -> "an ARRAY " + array;
                    case GgufValue.Text text -> "STRING \"" + text.value() + "\"";
                    case GgufValue.Whole _, GgufValue.Real _, GgufValue.Bool _ ->
                            found.type() + " " + found;
                };
        return new MalformedCheckpoint(file, "key " + key, expected, shown);
    }
}
