package dev.minke.model.hub;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// Which files of a repository are wanted.
///
/// Patterns are as in a shell, but `*` also matches `/`.
///
/// @param include if not empty, the files that match one of these; else what Minke reads
/// @param exclude of these, none that matches
public record FileSelection(List<String> include, List<String> exclude) {
    private static final Pattern WANTED_BESIDE_WEIGHTS =
            Pattern.compile(
                    "config\\.json|generation_config\\.json|tokenizer.*\\.(?:json|model|jinja)"
                            + "|special_tokens_map\\.json|added_tokens\\.json|vocab\\.(?:json|txt)"
                            + "|merges\\.txt|chat_template.*\\.(?:json|jinja)|tiktoken\\.model"
                            + "|.*licen[cs]e.*|notice.*|readme\\.md",
                    Pattern.CASE_INSENSITIVE);

    public FileSelection {
        include = List.copyOf(include);
        exclude = List.copyOf(exclude);
    }

    /// What Minke reads: the weights in safetensors, or one GGUF model, with configuration,
    /// tokenizer, chat template and licence.
    public static FileSelection standard() {
        return new FileSelection(List.of(), List.of());
    }

    /// Choose files of `repository`, small ones first.
    ///
    /// @param quantisation which GGUF model
    /// @throws ChoiceNeeded if there are several GGUF models and none is named
    /// @throws HubException if nothing is left
    public List<HubFile> choose(HubRepository repository, Optional<String> quantisation)
            throws HubException {
        List<HubFile> offered =
                repository.files().stream().filter(f -> !matchesAny(exclude, f.name())).toList();
        List<HubFile> chosen;
        if (!include.isEmpty()) {
            if (quantisation.isPresent()) {
                throw new HubException(
                        "%s:%s together with --include: expected one of the two"
                                .formatted(repository.name(), quantisation.get()));
            }
            chosen = offered.stream().filter(f -> matchesAny(include, f.name())).toList();
            if (chosen.isEmpty()) {
                throw new HubException(
                        "no file of %s matches %s; it has %s"
                                .formatted(
                                        repository.name(),
                                        String.join(" ", include),
                                        examples(offered)));
            }
        } else {
            chosen = usual(repository, offered, quantisation);
        }
        List<HubFile> ordered = new ArrayList<>(chosen);
        // what is wrong with a model often shows in its small files
        ordered.sort((a, b) -> Boolean.compare(isWeights(a), isWeights(b)));
        return ordered;
    }

    private static List<HubFile> usual(
            HubRepository repository, List<HubFile> offered, Optional<String> quantisation)
            throws HubException {
        List<HubFile> weights = offered.stream().filter(FileSelection::isSafetensors).toList();
        if (quantisation.isPresent() || weights.isEmpty()) {
            weights = gguf(repository, offered, quantisation).parts();
        }
        List<HubFile> chosen = new ArrayList<>();
        for (HubFile file : offered) {
            if (file.atRoot() && WANTED_BESIDE_WEIGHTS.matcher(file.name()).matches()) {
                chosen.add(file);
            }
        }
        chosen.removeAll(weights);
        chosen.addAll(weights);
        return chosen;
    }

    private static GgufModel gguf(
            HubRepository repository, List<HubFile> offered, Optional<String> quantisation)
            throws HubException {
        List<GgufModel> models = GgufModel.among(offered);
        if (models.isEmpty()) {
            throw new HubException(
                    "%s has no weights in %s; it has %s"
                            .formatted(
                                    repository.name(),
                                    quantisation.isPresent() ? "GGUF" : "safetensors or GGUF",
                                    examples(offered)));
        }
        List<GgufModel> found = quantisation.map(q -> GgufModel.matching(models, q)).orElse(models);
        if (found.size() != 1) {
            throw choice(repository.name(), found.isEmpty() ? models : found, quantisation, found);
        }
        GgufModel model = found.getFirst();
        if (model.parts().size() != model.expectedParts()) {
            throw new HubException(
                    "%s has %d of the %d parts of %s; the repository is not complete"
                            .formatted(
                                    repository.name(),
                                    model.parts().size(),
                                    model.expectedParts(),
                                    model.label()));
        }
        return model;
    }

    static ChoiceNeeded choice(
            String name, List<GgufModel> offered, Optional<String> asked, List<GgufModel> found) {
        boolean ambiguous = found.size() > 1 && asked.isPresent();
        List<ChoiceNeeded.Choice> choices =
                offered.stream()
                        .map(m ->
                                new ChoiceNeeded.Choice(
                                        ambiguous ? m.stem() : m.label(),
                                        m.bytes(),
                                        m.parts().size()))
                        .toList();
        String what =
                asked.isEmpty()
                        ? "%s has %d GGUF models".formatted(name, offered.size())
                        : ambiguous
                                ? "%s has %d models in %s"
                                        .formatted(name, found.size(), asked.get())
                                : "%s has no GGUF model %s".formatted(name, asked.get());
        return new ChoiceNeeded(
                "%s, choose one as in %s:%s".formatted(what, name, choices.getFirst().name()),
                choices);
    }

    private static boolean isSafetensors(HubFile file) {
        String name = file.name().toLowerCase(Locale.ROOT);
        return file.atRoot()
                && (name.endsWith(".safetensors") || name.endsWith(".safetensors.index.json"));
    }

    private static boolean isWeights(HubFile file) {
        return file.name().endsWith(".safetensors") || GgufModel.isModel(file);
    }

    private static String examples(List<HubFile> files) {
        if (files.isEmpty()) {
            return "no files";
        }
        String some =
                files.stream()
                        .limit(6)
                        .map(f -> f.name() + " (" + ByteCount.text(f.size()) + ")")
                        .collect(Collectors.joining(", "));
        return files.size() <= 6 ? some : some + " and %d more".formatted(files.size() - 6);
    }

    private static boolean matchesAny(List<String> patterns, String name) {
        return patterns.stream().anyMatch(p -> matches(p.endsWith("/") ? p + "*" : p, name));
    }

    /// Match a whole name; linear in its length for every star, so that no pattern hangs.
    static boolean matches(String pattern, String name) {
        int p = 0;
        int n = 0;
        int star = -1;
        int mark = 0;
        while (n < name.length()) {
            if (p < pattern.length() && pattern.charAt(p) == '*') {
                star = p++;
                mark = n;
            } else if (p < pattern.length()
                    && (pattern.charAt(p) == '?' || pattern.charAt(p) == name.charAt(n))) {
                p++;
                n++;
            } else if (star >= 0) {
                p = star + 1;
                n = ++mark;
            } else {
                return false;
            }
        }
        while (p < pattern.length() && pattern.charAt(p) == '*') {
            p++;
        }
        return p == pattern.length();
    }
}
