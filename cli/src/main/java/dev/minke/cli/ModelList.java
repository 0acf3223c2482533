package dev.minke.cli;

import dev.minke.model.hub.ByteCount;
import dev.minke.model.hub.HubException;
import dev.minke.model.hub.ModelStore;
import dev.minke.model.hub.StoredModel;
import java.io.IOException;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Lists the models that were pulled, or removes one.
@Command(
        name = "list",
        description = "List the models on disk; their names are MODEL of other commands.",
        mixinStandardHelpOptions = true)
final class ModelList implements Callable<Integer> {
    private static final DateTimeFormatter WHEN =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm", Locale.ROOT);

    private final Console console;
    private final ModelStore store;

    @Option(
            names = "--remove",
            paramLabel = "NAME",
            description = "Delete this model from the disk, with --yes.")
    private Optional<String> remove = Optional.empty();

    @Option(names = "--yes", description = "Do delete it.")
    private boolean yes;

    @Option(names = "--json", description = "Print the result as JSON.")
    private boolean json;

    ModelList(Console console) {
        this(console, new ModelStore(Home.models()));
    }

    ModelList(Console console, ModelStore store) {
        this.console = console;
        this.store = store;
    }

    @Override
    public Integer call() throws IOException {
        if (remove.isPresent()) {
            remove(remove.get());
            return 0;
        }
        if (yes) {
            throw new IllegalArgumentException("--yes is for --remove NAME");
        }
        List<StoredModel> models = store.list(line -> console.note(Failures.line(line)));
        if (json) {
            Map<String, Object> object = new LinkedHashMap<>();
            object.put("root", store.root().toString());
            object.put("models", models.stream().map(ModelList::json).toList());
            console.json(object);
        } else if (models.isEmpty()) {
            console.note(
                    "no models in %s; minke pull ORG/NAME fetches one".formatted(store.root()));
        } else {
            table(models).forEach(console::result);
        }
        return 0;
    }

    private void remove(String name) throws IOException {
        Optional<StoredModel> model = store.model(name);
        if (model.isEmpty()) {
            List<String> like = store.suggestions(name);
            throw new HubException(
                    "no model %s in %s%s"
                            .formatted(
                                    name,
                                    store.root(),
                                    like.isEmpty()
                                            ? ""
                                            : "; did you mean " + String.join(" or ", like)));
        }
        String what =
                "%s (%s) in %s"
                        .formatted(
                                model.get().name(),
                                ByteCount.text(model.get().bytes()),
                                model.get().folder());
        if (!yes) {
            throw new HubException("this would delete %s: add --yes to do it".formatted(what));
        }
        store.remove(model.get());
        console.result("deleted " + what);
    }

    private static Map<String, Object> json(StoredModel model) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("name", model.name());
        object.put("format", model.format().label());
        model.quantisation().ifPresent(q -> object.put("quantisation", q));
        object.put("bytes", model.bytes());
        object.put("complete", model.complete());
        object.put("missingFiles", model.missing());
        object.put("path", model.path().toString());
        object.put("commit", model.commit());
        object.put("endpoint", model.endpoint());
        object.put("pulled", model.pulled().toString());
        return object;
    }

    private static List<String> table(List<StoredModel> models) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("NAME", "FORMAT", "WEIGHTS", "SIZE", "PULLED", ""));
        for (StoredModel model : models) {
            rows.add(
                    List.of(
                            model.name(),
                            model.format().label(),
                            model.quantisation().orElse("-"),
                            ByteCount.text(model.bytes()),
                            WHEN.format(model.pulled().atZone(ZoneId.systemDefault())),
                            model.complete() ? "" : "%d files missing".formatted(model.missing())));
        }
        int[] widths = new int[rows.getFirst().size()];
        for (List<String> row : rows) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        return rows.stream().map(row -> line(row, widths)).toList();
    }

    private static String line(List<String> row, int[] widths) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            String format =
                    i == 3
                            ? "%" + widths[i] + "s  "
                            : "%-" + widths[i] + "s  "; // sizes align right
            line.append(i == widths.length - 1 ? row.get(i) : format.formatted(row.get(i)));
        }
        return line.toString().stripTrailing();
    }
}
