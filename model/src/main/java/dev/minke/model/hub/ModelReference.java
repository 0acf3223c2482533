package dev.minke.model.hub;

import java.util.Optional;
import java.util.regex.Pattern;

/// A model on the hub, and in the store: `ORG/NAME[@REVISION][:QUANTISATION]`.
///
/// @param repository ORG/NAME, or NAME alone for the hub's oldest models
/// @param revision branch, tag or commit
/// @param quantisation which of the repository's GGUF models, such as `Q4_K_M`
public record ModelReference(String repository, String revision, Optional<String> quantisation) {
    /// The revision that is meant when none is named.
    public static final String MAIN = "main";

    private static final Pattern REPOSITORY =
            Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,95}(?:/[A-Za-z0-9][A-Za-z0-9._-]{0,95})?");
    private static final Pattern REVISION =
            Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*");
    private static final Pattern QUANTISATION = Pattern.compile("[^/:\\s][^:\\p{Cntrl}]{0,500}");
    private static final Pattern HUB =
            Pattern.compile("(?:https?://)?(?:huggingface\\.co|hf\\.co)/");
    private static final String FORM = "ORG/NAME[@REVISION][:QUANTISATION]";

    /// @throws IllegalArgumentException for a name that the hub cannot have
    public ModelReference {
        boolean named =
                REPOSITORY.matcher(repository).matches()
                        && !repository.contains("..")
                        && !repository.endsWith(".");
        if (!named) {
            throw new IllegalArgumentException(
                    "model \"%s\", expected %s".formatted(repository, FORM));
        }
        if (!REVISION.matcher(revision).matches()
                || revision.contains("..")
                || revision.endsWith(".")
                || revision.length() > 150) {
            throw new IllegalArgumentException(
                    "revision \"%s\", expected a branch, tag or commit".formatted(revision));
        }
        if (quantisation.filter(q -> !QUANTISATION.matcher(q).matches()).isPresent()) {
            throw new IllegalArgumentException(
                    "model \"%s:%s\", expected %s"
                            .formatted(repository, quantisation.orElse(""), FORM));
        }
    }

    /// Read a reference; the address of a model's page is one too.
    ///
    /// @throws IllegalArgumentException if `text` has another form
    public static ModelReference parse(String text) {
        String rest = HUB.matcher(text.strip()).replaceFirst("");
        Optional<String> quantisation = Optional.empty();
        int colon = rest.indexOf(':');
        if (colon >= 0) {
            quantisation = Optional.of(rest.substring(colon + 1));
            rest = rest.substring(0, colon);
        }
        String revision = MAIN;
        int at = rest.indexOf('@');
        if (at >= 0) {
            revision = rest.substring(at + 1);
            rest = rest.substring(0, at);
        }
        return new ModelReference(rest.replaceFirst("/+$", ""), revision, quantisation);
    }

    /// This model at another revision.
    public ModelReference at(String other) {
        return new ModelReference(repository, other, quantisation);
    }

    /// The folder in a store, relative to its root; `/` in a revision becomes `+`.
    String folder() {
        return revision.equals(MAIN) ? repository : repository + "@" + revision.replace('/', '+');
    }

    /// The name without the quantisation.
    String base() {
        return revision.equals(MAIN) ? repository : repository + "@" + revision;
    }

    @Override
    public String toString() {
        return base() + quantisation.map(q -> ":" + q).orElse("");
    }
}
