package dev.minke.model.template;

import java.util.ArrayList;
import java.util.List;

/// What `keys()`, `values()` and `items()` of a mapping give.
record DictView(Dict dict, Kind kind) implements Value {
    enum Kind {
        KEYS,
        VALUES,
        ITEMS
    }

    /// The elements of the view.
    List<Value> values(Rendering r) {
        List<Value> values = new ArrayList<>(dict.size());
        r.grow(dict.size());
        for (Dict.Pair pair : dict.pairs()) {
            values.add(
                    switch (kind) {
                        case KEYS -> pair.key();
                        case VALUES -> pair.value();
                        case ITEMS -> Items.tuple(r, List.of(pair.key(), pair.value()));
                    });
        }
        return values;
    }

    @Override
    public String type() {
        return switch (kind) {
            case KEYS -> "dict_keys";
            case VALUES -> "dict_values";
            case ITEMS -> "dict_items";
        };
    }

    @Override
    public boolean truth() {
        return dict.size() > 0;
    }

    @Override
    public int height() {
        return dict.height();
    }
}
