package dev.minke.model.template;

import java.util.Iterator;
import java.util.List;

/// What can be run over once: the result of filters such as map and select.
///
/// Like Python's generators it counts as true even if it is empty. Unlike them, it can be written
/// as JSON, since templates try that.
final class Stream implements Value {
    private final String type;
    private final Iterator<Value> rest;
    private final int height;

    private Stream(String type, List<Value> values, int height) {
        this.type = type;
        this.rest = values.iterator();
        this.height = height;
    }

    static Stream of(Rendering r, List<Value> values) {
        return of(r, "generator", values);
    }

    static Stream of(Rendering r, String type, List<Value> values) {
        return new Stream(type, values, Items.list(r, values).height());
    }

    /// The values that nobody has taken yet.
    Iterator<Value> rest() {
        return rest;
    }

    @Override
    public String type() {
        return type;
    }

    @Override
    public boolean truth() {
        return true;
    }

    @Override
    public int height() {
        return height;
    }
}
