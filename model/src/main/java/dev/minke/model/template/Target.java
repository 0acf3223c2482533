package dev.minke.model.template;

import java.util.Iterator;
import java.util.List;

/// What a value is assigned to.
sealed interface Target {
    void assign(Scope scope, Value value);

    /// The variables that are assigned to.
    List<String> names();

    record Variable(String name) implements Target {
        @Override
        public void assign(Scope scope, Value value) {
            scope.set(name, value);
        }

        @Override
        public List<String> names() {
            return List.of(name);
        }
    }

    record Attribute(String owner, String name, int at) implements Target {
        @Override
        public void assign(Scope scope, Value value) {
            Rendering r = scope.rendering();
            r.at(at);
            if (!(scope.find(owner) instanceof Namespace namespace)) {
                throw r.fail(
                        "cannot assign to '%s.%s', as '%s' is no namespace"
                                .formatted(owner, name, owner));
            }
            r.grow(1);
            namespace.set(name, value);
        }

        @Override
        public List<String> names() {
            return List.of();
        }
    }

    record Tuple(List<Target> targets) implements Target {
        @Override
        public void assign(Scope scope, Value value) {
            Rendering r = scope.rendering();
            if (!Iteration.isIterable(value)) {
                throw r.fail("cannot unpack non-iterable %s object".formatted(value.type()));
            }
            Iterator<Value> values = Iteration.over(r, value);
            int count = 0;
            for (Target target : targets) {
                if (!values.hasNext()) {
                    throw r.fail(
                            "not enough values to unpack (expected %d, got %d)"
                                    .formatted(targets.size(), count));
                }
                count++;
                target.assign(scope, values.next());
            }
            if (values.hasNext()) {
                throw r.fail("too many values to unpack (expected %d)".formatted(targets.size()));
            }
        }

        @Override
        public List<String> names() {
            return targets.stream().flatMap(target -> target.names().stream()).toList();
        }
    }
}
