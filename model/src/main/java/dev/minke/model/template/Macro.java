package dev.minke.model.template;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A macro with the scope it was defined in, which its body sees.
final class Macro implements Callable {
    private final Definition definition;
    private final Scope scope;

    Macro(Definition definition, Scope scope) {
        this.definition = definition;
        this.scope = scope;
    }

    /// A macro as it is written.
    ///
    /// @param defaults of the last arguments
    /// @param height how deep the tree is below it
    /// @param usesCaller whether the body reads `caller`; so for `kwargs` and `varargs`
    record Definition(
            String name,
            List<String> arguments,
            List<Expr> defaults,
            Body body,
            int height,
            boolean usesCaller,
            boolean usesKwargs,
            boolean usesVarargs,
            int at) {}

    Definition definition() {
        return definition;
    }

    @Override
    public Value call(Rendering r, Args args) {
        r.enter(definition.height());
        r.grow(8L + 2L * definition.arguments().size());
        int at = r.at();
        Scope inner = new Scope(scope);
        bind(r, inner, args);
        StringBuilder outer = r.capture();
        definition.body().execute(inner);
        Text text = r.captured(outer);
        r.at(at);
        r.leave(definition.height());
        return text;
    }

    private void bind(Rendering r, Scope inner, Args args) {
        List<String> names = definition.arguments();
        List<Value> positional = args.positional();
        int given = Math.min(positional.size(), names.size());
        Map<String, Value> named = new LinkedHashMap<>(args.named());
        for (int i = 0; i < given; i++) {
            inner.set(names.get(i), positional.get(i));
        }
        int firstDefault = names.size() - definition.defaults().size();
        for (int i = given; i < names.size(); i++) {
            String name = names.get(i);
            Value value = named.remove(name);
            if (value == null) {
                value =
                        i < firstDefault
                                ? Undefined.hint("parameter '%s' was not provided".formatted(name))
                                : definition.defaults().get(i - firstDefault).eval(inner);
            }
            inner.set(name, value);
        }
        bindSpecial(r, inner, named, positional);
    }

    private void bindSpecial(
            Rendering r, Scope inner, Map<String, Value> named, List<Value> positional) {
        String name = definition.name();
        int most = definition.arguments().size();
        if (definition.usesCaller() && !definition.arguments().contains("caller")) {
            Value caller = named.remove("caller");
            inner.set("caller", caller == null ? Undefined.hint("No caller defined") : caller);
        }
        if (definition.usesKwargs()) {
            var kwargs = new Dict.Builder(r);
            named.forEach((key, value) -> kwargs.put(Text.of(key), value));
            inner.set("kwargs", kwargs.build());
        } else if (!named.isEmpty()) {
            throw r.fail(
                    "macro '%s' takes no keyword argument '%s'"
                            .formatted(name, named.keySet().iterator().next()));
        }
        if (definition.usesVarargs()) {
            List<Value> rest =
                    positional.subList(Math.min(most, positional.size()), positional.size());
            inner.set("varargs", Items.tuple(r, List.copyOf(rest)));
        } else if (positional.size() > most) {
            throw r.fail("macro '%s' takes not more than %d argument(s)".formatted(name, most));
        }
    }

    @Override
    public String type() {
        return "Macro";
    }
}
