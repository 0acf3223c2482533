package dev.minke.model.template;

import java.util.List;

/// A list or a tuple; neither ever changes.
final class Items implements Value {
    static final int MOST_HEIGHT = 200;

    private enum Kind {
        LIST,
        TUPLE,
        GROUP // a pair with names, as the filter groupby makes
    }

    private final Kind kind;
    private final List<Value> values;
    private final int height;

    private Items(Rendering r, Kind kind, List<Value> values) {
        r.grow(1 + (long) values.size());
        this.kind = kind;
        this.values = values;
        int highest = 0;
        for (Value value : values) {
            highest = Math.max(highest, value.height());
        }
        this.height = checkedHeight(r, highest + 1);
    }

    /// Take over a list.
    static Items list(Rendering r, List<Value> values) {
        return new Items(r, Kind.LIST, values);
    }

    /// Take over a list as a tuple.
    static Items tuple(Rendering r, List<Value> values) {
        return new Items(r, Kind.TUPLE, values);
    }

    static Items group(Rendering r, Value grouper, Items list) {
        return new Items(r, Kind.GROUP, List.of(grouper, list));
    }

    static int checkedHeight(Rendering r, int height) {
        if (height > MOST_HEIGHT) {
            throw r.fail(
                    "values are nested deeper than %d levels (a limit of this program)"
                            .formatted(MOST_HEIGHT));
        }
        return height;
    }

    List<Value> values() {
        return values;
    }

    boolean isTuple() {
        return kind != Kind.LIST;
    }

    boolean isGroup() {
        return kind == Kind.GROUP;
    }

    /// Make a value of the same kind.
    Items like(Rendering r, List<Value> others) {
        return new Items(r, isTuple() ? Kind.TUPLE : Kind.LIST, others);
    }

    @Override
    public String type() {
        return isTuple() ? "tuple" : "list";
    }

    @Override
    public boolean truth() {
        return !values.isEmpty();
    }

    @Override
    public int height() {
        return height;
    }
}
