package dev.minke.model.template;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The arguments of a call as they are written.
///
/// @param list what stands behind `*`
/// @param map what stands behind `**`
record CallArguments(
        List<Expr> positional,
        Map<String, Expr> named,
        @Nullable Expr list,
        @Nullable Expr map,
        int at) {

    static CallArguments none(int at) {
        return new CallArguments(List.of(), Map.of(), null, null, at);
    }

    static CallArguments one(Expr argument, int at) {
        return new CallArguments(List.of(argument), Map.of(), null, null, at);
    }

    Args eval(Scope scope) {
        if (named.isEmpty() && list == null && map == null) {
            return positional.isEmpty() ? Args.NONE : new Args(values(scope), Map.of());
        }
        List<Value> values = values(scope);
        Map<String, Value> byName = new LinkedHashMap<>();
        for (Map.Entry<String, Expr> argument : named.entrySet()) {
            byName.put(argument.getKey(), argument.getValue().eval(scope));
        }
        Rendering r = scope.rendering();
        r.at(at);
        if (list != null) {
            Iterator<Value> more = Iteration.over(r, list.eval(scope));
            while (more.hasNext()) {
                r.grow(1);
                values.add(more.next());
            }
        }
        if (map != null) {
            if (!(map.eval(scope) instanceof Dict dict)) {
                throw r.fail("what stands behind '**' is no mapping");
            }
            for (Dict.Pair pair : dict.pairs()) {
                if (!(pair.key() instanceof Text key)) {
                    throw r.fail("the name of an argument must be a string");
                }
                if (byName.put(key.string(), pair.value()) != null) {
                    throw r.fail("the argument '%s' is there twice".formatted(key.string()));
                }
            }
        }
        return new Args(values, byName);
    }

    private List<Value> values(Scope scope) {
        List<Value> values = new ArrayList<>(positional.size());
        for (Expr argument : positional) {
            values.add(argument.eval(scope));
        }
        return values;
    }
}
