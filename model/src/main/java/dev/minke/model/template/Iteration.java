package dev.minke.model.template;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/// What can be run over, and counted.
final class Iteration {
    private Iteration() {}

    static boolean isIterable(Value value) {
        return switch (value) {
            case Text _, Items _, Dict _, DictView _, Range _, Stream _, Undefined _ -> true;
            case Bool _, Int _, Real _, None _, Namespace _, Callable _ -> false;
        };
    }

    /// The elements of a value; an error if it has none by nature.
    static Iterator<Value> over(Rendering r, Value value) {
        return switch (value) {
            case Items items -> items.values().iterator();
            case Text text -> characters(r, text.string());
            case Dict dict -> {
                r.grow(1);
                Iterator<Dict.Pair> pairs = dict.pairs().iterator();
                yield mapped(pairs);
            }
            case DictView view -> view.values(r).iterator();
            case Range range -> numbers(range);
            case Stream stream -> stream.rest();
            case Undefined _ -> Collections.emptyIterator();
            case Bool _, Int _, Real _, None _, Namespace _, Callable _ ->
                    throw r.fail("'%s' object is not iterable".formatted(value.type()));
        };
    }

    private static Iterator<Value> mapped(Iterator<Dict.Pair> pairs) {
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return pairs.hasNext();
            }

            @Override
            public Value next() {
                return pairs.next().key();
            }
        };
    }

    private static Iterator<Value> characters(Rendering r, String text) {
        return new Iterator<>() {
            private int at;

            @Override
            public boolean hasNext() {
                return at < text.length();
            }

            @Override
            public Value next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                int next = at + Character.charCount(text.codePointAt(at));
                Value character = r.text(text.substring(at, next));
                at = next;
                return character;
            }
        };
    }

    private static Iterator<Value> numbers(Range range) {
        return new Iterator<>() {
            private int index;

            @Override
            public boolean hasNext() {
                return index < range.size();
            }

            @Override
            public Value next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                return range.get(index++);
            }
        };
    }

    /// The elements as a list of their own.
    static List<Value> list(Rendering r, Value value) {
        List<Value> values = new ArrayList<>();
        for (Iterator<Value> all = over(r, value); all.hasNext(); ) {
            r.step();
            r.grow(1);
            values.add(all.next());
        }
        return values;
    }

    /// The number of elements if it is known without running over them; otherwise -1.
    static int knownLength(Rendering r, Value value) {
        return switch (value) {
            case Text text -> {
                r.scan(text.string().length());
                yield Chars.length(text.string());
            }
            case Items items -> items.values().size();
            case Dict dict -> dict.size();
            case DictView view -> view.dict().size();
            case Range range -> range.size();
            case Undefined _ -> 0;
            case Stream _, Bool _, Int _, Real _, None _, Namespace _, Callable _ -> -1;
        };
    }

    /// The length; an error if the value has none.
    static int length(Rendering r, Value value) {
        int length = value instanceof Loop loop ? loop.length(r) : knownLength(r, value);
        if (length < 0) {
            throw r.fail("object of type '%s' has no len()".formatted(value.type()));
        }
        return length;
    }
}
