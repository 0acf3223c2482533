package dev.minke.model.template;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The variable `loop`.
///
/// Like Jinja's it looks one value ahead only when asked whether this is the last one.
final class Loop implements Callable {
    private final Statement.For statement;
    private final Scope scope;
    private final int depth;
    private Iterator<Value> values;
    private int length;
    private int index0 = -1;
    private @Nullable Value before;
    private @Nullable Value current;
    private @Nullable Value after;
    private @Nullable Value lastChanged;

    /// @param length the number of values, -1 if it takes counting
    Loop(Statement.For statement, Scope scope, Iterator<Value> values, int length, int depth) {
        this.statement = statement;
        this.scope = scope;
        this.values = values;
        this.length = length;
        this.depth = depth;
    }

    /// Go to the next value, if there is one.
    boolean advance() {
        Value next = after;
        if (next == null) {
            if (!values.hasNext()) {
                return false;
            }
            next = values.next();
        }
        after = null;
        index0++;
        before = current;
        current = next;
        return true;
    }

    Value current() {
        if (current == null) {
            throw new IllegalStateException("the loop has not begun");
        }
        return current;
    }

    private @Nullable Value peek() {
        if (after == null && values.hasNext()) {
            after = values.next();
        }
        return after;
    }

    int length(Rendering r) {
        if (length < 0) {
            List<Value> rest = new ArrayList<>();
            while (values.hasNext()) {
                r.grow(1);
                rest.add(values.next());
            }
            values = rest.iterator();
            length = rest.size() + index0 + 1 + (after == null ? 0 : 1);
        }
        return length;
    }

    @Nullable Value attribute(Rendering r, String name) {
        return switch (name) {
            case "index" -> Int.of(index0 + 1L);
            case "index0" -> Int.of(index0);
            case "revindex" -> Int.of(length(r) - (long) index0);
            case "revindex0" -> Int.of(length(r) - index0 - 1L);
            case "first" -> Bool.of(index0 == 0);
            case "last" -> Bool.of(peek() == null);
            case "length" -> Int.of(length(r));
            case "depth" -> Int.of(depth + 1L);
            case "depth0" -> Int.of(depth);
            case "previtem" ->
                    before == null ? Undefined.hint("there is no previous item") : before;
            case "nextitem" -> {
                Value next = peek();
                yield next == null ? Undefined.hint("there is no next item") : next;
            }
            case "cycle", "changed" -> new BoundMethod(this, name);
            default -> null;
        };
    }

    Value callMethod(Rendering r, String name, Args args) {
        List<Value> positional = args.positional();
        if (name.equals("cycle")) {
            if (positional.isEmpty()) {
                throw r.fail("no items for cycling given");
            }
            return positional.get(index0 % positional.size());
        }
        Value now = Items.tuple(r, positional);
        if (lastChanged != null && Operators.equal(r, lastChanged, now)) {
            return Bool.FALSE;
        }
        lastChanged = now;
        return Bool.TRUE;
    }

    /// Run the loop over values within itself.
    @Override
    public Value call(Rendering r, Args args) {
        if (!statement.recursive()) {
            throw r.fail("the loop must have the 'recursive' marker to be called recursively");
        }
        Args.Bound bound = args.bind(r, "loop", "iterable");
        r.enter(statement.height());
        StringBuilder outer = r.capture();
        Statement.Signal signal = statement.run(scope, bound.get(0), depth + 1);
        if (signal != Statement.Signal.NEXT) {
            throw r.fail("a recursive loop cannot leave the one around it");
        }
        Text text = r.captured(outer);
        r.leave(statement.height());
        return text;
    }

    @Override
    public String type() {
        return "LoopContext";
    }

    @Override
    public boolean truth() {
        return true;
    }

    /// The spelling of Python: `2/3` for the second of three.
    String position(Rendering r) {
        return (index0 + 1) + "/" + length(r);
    }
}
