package dev.minke.model.hub;

import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/// The models on disk: `ROOT/ORG/NAME[@REVISION]/`, each folder with a manifest.
public final class ModelStore {
    private static final int MOST_SUGGESTIONS = 3;

    private final Path root;

    /// @param root the folder of all models; need not exist
    public ModelStore(Path root) {
        this.root = root;
    }

    /// The folder of all models.
    public Path root() {
        return root;
    }

    /// Where a model goes.
    public Path folder(ModelReference reference) {
        return root.resolve(reference.folder());
    }

    /// All models by name, without asking the network.
    ///
    /// @param notes is told of folders whose manifest is damaged
    public List<StoredModel> list(Consumer<String> notes) throws IOException {
        List<StoredModel> models = new ArrayList<>();
        for (Path first : folders(root)) {
            read(first, models, notes);
            for (Path second : folders(first)) {
                read(second, models, notes);
            }
        }
        models.sort(Comparator.comparing(StoredModel::name, String.CASE_INSENSITIVE_ORDER));
        return models;
    }

    private static List<Path> folders(Path parent) throws IOException {
        List<Path> folders = new ArrayList<>();
        if (Files.isDirectory(parent)) {
            try (var entries = Files.newDirectoryStream(parent, Files::isDirectory)) {
                entries.forEach(folders::add);
            }
        }
        return folders;
    }

    private static void read(Path folder, List<StoredModel> models, Consumer<String> notes)
            throws IOException {
        try {
            Manifest.read(folder).ifPresent(m -> models.addAll(StoredModel.of(folder, m)));
        } catch (HubException e) {
            notes.accept(Retries.reason(e));
        }
    }

    /// What to open for a name of [#list]: the folder, or the first file of a GGUF model.
    ///
    /// Organisation and quantisation may be left out where the rest is clear.
    ///
    /// @throws HubException if the name means several models, or one that is not complete
    public Optional<Path> find(String name) throws IOException {
        Optional<StoredModel> found = model(name);
        if (found.isPresent() && !found.get().complete()) {
            throw new HubException(
                    "%s is not complete, %d of its files are missing: minke pull %s goes on"
                            .formatted(
                                    found.get().name(), found.get().missing(), found.get().name()));
        }
        return found.map(StoredModel::path);
    }

    /// The model of this name, complete or not.
    ///
    /// @throws HubException if the name means several models
    public Optional<StoredModel> model(String name) throws IOException {
        List<StoredModel> models = list(_ -> {});
        for (String wanted : List.of(name, "/" + name)) {
            List<StoredModel> found =
                    models.stream().filter(model -> means(wanted, model.name())).toList();
            if (found.size() > 1) {
                found = preferred(found);
            }
            if (found.size() > 1) {
                throw new HubException(
                        "%s means several models: %s"
                                .formatted(
                                        name,
                                        String.join(
                                                ", ",
                                                found.stream().map(StoredModel::name).toList())));
            }
            if (!found.isEmpty()) {
                return Optional.of(found.getFirst());
            }
        }
        return Optional.empty();
    }

    /// Whether a name is meant, with its quantisation or without; one that begins with `/` is
    /// without its organisation.
    private static boolean means(String wanted, String name) {
        String whole =
                wanted.startsWith("/") ? name.substring(Math.max(0, name.indexOf('/'))) : name;
        int colon = whole.indexOf(':');
        return whole.equalsIgnoreCase(wanted)
                || colon > 0 && whole.substring(0, colon).equalsIgnoreCase(wanted);
    }

    /// Of a folder with safetensors and GGUF, the name alone means the folder.
    private static List<StoredModel> preferred(List<StoredModel> found) {
        List<StoredModel> folders =
                found.stream().filter(m -> m.format() != StoredModel.Format.GGUF).toList();
        return folders.size() == 1 ? folders : found;
    }

    /// Names on disk that are like one that is not.
    public List<String> suggestions(String name) throws IOException {
        String wanted = name.toLowerCase(Locale.ROOT);
        record Near(String name, int distance) {}
        List<Near> near = new ArrayList<>();
        for (StoredModel model : list(_ -> {})) {
            String whole = model.name().toLowerCase(Locale.ROOT);
            String tail = whole.substring(whole.indexOf('/') + 1);
            int distance =
                    whole.contains(wanted)
                            ? 0
                            : Math.min(distance(wanted, whole), distance(wanted, tail));
            if (distance <= Math.max(2, wanted.length() / 4)) {
                near.add(new Near(model.name(), distance));
            }
        }
        near.sort(Comparator.comparingInt(Near::distance).thenComparing(Near::name));
        return near.stream().limit(MOST_SUGGESTIONS).map(Near::name).toList();
    }

    /// Insertions, deletions and replacements from one to the other.
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }

    /// Delete a model: its weights, and with the last of its folder all that was pulled into it.
    /// Files of others stay.
    ///
    /// @throws HubException if it is being pulled right now
    public void remove(StoredModel model) throws IOException {
        Path folder = model.folder();
        try (StoreLock _ = StoreLock.take(folder)) {
            Manifest manifest =
                    Manifest.read(folder)
                            .orElseThrow(
                                    () -> new HubException("nothing was pulled into " + folder));
            boolean only = StoredModel.of(folder, manifest).size() == 1;
            Set<String> gone = new HashSet<>();
            for (HubFile file : model.ownFiles(manifest, only)) {
                Path path = FileNames.resolve(folder, file.name());
                Files.deleteIfExists(path);
                PartFile.delete(path);
                gone.add(file.name());
                deleteEmptyAbove(path, folder);
            }
            if (only) {
                Files.deleteIfExists(folder.resolve(Manifest.NAME));
            } else {
                new Manifest(
                                manifest.reference(),
                                manifest.commit(),
                                manifest.endpoint(),
                                manifest.pulled(),
                                manifest.files().stream()
                                        .filter(e -> !gone.contains(e.name()))
                                        .toList(),
                                manifest.missing().stream()
                                        .filter(f -> !gone.contains(f.name()))
                                        .toList())
                        .write(folder);
                return;
            }
        }
        Path lock = folder.resolve(StoreLock.NAME);
        Files.deleteIfExists(lock);
        deleteEmptyAbove(lock, root);
    }

    /// Delete the folders around `path` as long as they are empty and below `limit`.
    private static void deleteEmptyAbove(Path path, Path limit) throws IOException {
        for (Path folder = path.getParent();
                folder != null && !folder.equals(limit) && folder.startsWith(limit);
                folder = folder.getParent()) {
            try {
                if (!Files.deleteIfExists(folder)) {
                    return;
                }
            } catch (DirectoryNotEmptyException _) {
                return;
            }
        }
    }
}
