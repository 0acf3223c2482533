package dev.minke.model.hub;

import java.util.List;
import java.util.stream.Collectors;

/// A repository has several models and it is not said which one is meant.
public final class ChoiceNeeded extends HubException {
    private static final long serialVersionUID = 1;

    /// One of the models.
    ///
    /// @param name what to ask for
    /// @param bytes its size
    /// @param files how many files it is
    public record Choice(String name, long bytes, int files) {}

    private final transient List<Choice> choices;
    private final String question;

    ChoiceNeeded(String question, List<Choice> choices) {
        super(
                question
                        + ": "
                        + choices.stream()
                                .map(c -> c.name() + " (" + ByteCount.text(c.bytes()) + ")")
                                .collect(Collectors.joining(", ")));
        this.question = question;
        this.choices = List.copyOf(choices);
    }

    /// What there is, smallest first.
    public List<Choice> choices() {
        return choices;
    }

    /// The message without the choices.
    public String question() {
        return question;
    }
}
