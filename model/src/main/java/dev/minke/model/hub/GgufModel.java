package dev.minke.model.hub;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// One model in GGUF: a file, or all parts of a split one, in their order.
///
/// @param stem its path without `.gguf` and without the part's number
/// @param quantisation what the name says about its weights, such as `Q4_K_M` or `UD-Q2_K_XL`
/// @param parts its files
/// @param expectedParts how many parts the names speak of
record GgufModel(
        String stem, Optional<String> quantisation, List<HubFile> parts, int expectedParts) {
    static final String EXTENSION = ".gguf";

    private static final Pattern SPLIT = Pattern.compile("(.+)-(\\d{5})-of-(\\d{5})");
    private static final Pattern QUANTISATION =
            Pattern.compile(
                    "(?<![A-Za-z0-9])((?:UD-)?(?:"
                            + "I?Q[1-8](?:_(?:[0-9]|K|XXS|XS|S|M|L|XL|NL|R[0-9]))*"
                            + "|TQ[12]_0|BF16|FP?16|FP?32|FP8|MXFP4(?:_MOE)?))(?![A-Za-z0-9])",
                    Pattern.CASE_INSENSITIVE);

    /// Whether this file is one, not a companion such as a vision projector.
    static boolean isModel(HubFile file) {
        String name = file.baseName().toLowerCase(Locale.ROOT);
        return name.endsWith(EXTENSION) && !name.startsWith("mmproj") && !name.contains("imatrix");
    }

    /// Put the GGUF files among `files` together to models, ordered by size.
    static List<GgufModel> among(List<HubFile> files) {
        Map<String, List<HubFile>> parts = new TreeMap<>();
        Map<String, Integer> expected = new TreeMap<>();
        for (HubFile file : files) {
            if (!isModel(file)) {
                continue;
            }
            String stem = stem(file.name());
            Matcher split = SPLIT.matcher(stem);
            boolean isSplit = split.matches();
            // "of" keeps a model that is both whole and split apart
            String key = isSplit ? split.group(1) + "-of-" + split.group(3) : stem;
            parts.computeIfAbsent(key, _ -> new ArrayList<>()).add(file);
            expected.put(key, isSplit ? Integer.parseInt(split.group(3)) : 1);
        }
        List<GgufModel> models = new ArrayList<>();
        parts.forEach((key, list) -> {
            list.sort(Comparator.comparing(HubFile::name));
            Matcher split = SPLIT.matcher(stem(list.getFirst().name()));
            String stem = split.matches() ? split.group(1) : key;
            models.add(
                    new GgufModel(
                            stem,
                            quantisation(stem),
                            List.copyOf(list),
                            expected.getOrDefault(key, 1)));
        });
        models.sort(Comparator.comparingLong(GgufModel::bytes));
        return models;
    }

    /// What a name says about the weights: the last such word of the file's name, else of its
    /// folders'.
    static Optional<String> quantisation(String stem) {
        int slash = stem.lastIndexOf('/');
        return lastWord(stem.substring(slash + 1))
                .or(() -> lastWord(stem.substring(0, Math.max(slash, 0))));
    }

    private static Optional<String> lastWord(String text) {
        Matcher matcher = QUANTISATION.matcher(text);
        String last = "";
        while (matcher.find()) {
            last = matcher.group(1).toUpperCase(Locale.ROOT).replace("FP16", "F16");
        }
        return last.isEmpty() ? Optional.empty() : Optional.of(last.replace("FP32", "F32"));
    }

    private static String stem(String name) {
        return name.substring(0, name.length() - EXTENSION.length());
    }

    /// What a user types to choose it: the quantisation, else the file's name.
    String label() {
        return quantisation.orElseGet(() -> stem.substring(stem.lastIndexOf('/') + 1));
    }

    long bytes() {
        return HubFile.bytes(parts);
    }

    /// Whether `text` means this model by its path or file name.
    boolean isNamed(String text) {
        String name =
                text.toLowerCase(Locale.ROOT).endsWith(EXTENSION)
                        ? text.substring(0, text.length() - EXTENSION.length())
                        : text;
        return stem.equalsIgnoreCase(name)
                || stem.substring(stem.lastIndexOf('/') + 1).equalsIgnoreCase(name);
    }

    /// Choose among models what `text` means: a quantisation, or a file's name.
    ///
    /// @return none, one, or several of the same quantisation
    static List<GgufModel> matching(List<GgufModel> models, String text) {
        List<GgufModel> found = labelled(models, text);
        if (found.isEmpty()) {
            found = labelled(models, "UD-" + text);
        }
        if (found.isEmpty()) {
            found = models.stream().filter(model -> model.isNamed(text)).toList();
        }
        return found;
    }

    private static List<GgufModel> labelled(List<GgufModel> models, String label) {
        return models.stream()
                .filter(model -> model.quantisation.filter(label::equalsIgnoreCase).isPresent())
                .toList();
    }
}
