package dev.minke.model.hub;

import dev.minke.model.hub.HubHttp.Answer;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What the answers of a hub that are no success mean for a user.
final class HubFailures {
    private static final Pattern RESET = Pattern.compile("\\bt=(\\d{1,9})\\b");

    private final HubSettings settings;
    private final HubHttp http;

    HubFailures(HubSettings settings, HubHttp http) {
        this.settings = settings;
        this.http = http;
    }

    /// What a request is about, for messages.
    record Asked(String repository, String revision, String file) {
        @Override
        public String toString() {
            return file.isEmpty() ? repository : repository + "/" + file;
        }
    }

    /// The exception that an answer ends in; a [TransientFailure] if another try may help.
    IOException of(Answer answer, Asked asked) {
        int status = answer.status();
        if (status == 429 || status == 408 || status == 425 || status >= 500) {
            return new TransientFailure(
                    "%s answers %d%s"
                            .formatted(
                                    answer.uri().getHost(),
                                    status,
                                    status == 429 ? " (too many requests)" : ""),
                    askedWait(answer));
        }
        if (status == 407) {
            return new HubException(
                    "the proxy wants a name and password, expected"
                            + " HTTPS_PROXY=http://user:password@host:port");
        }
        if (!http.isEndpoint(answer.uri())) {
            return new TransientFailure(
                    "the storage host %s answers %d".formatted(answer.uri().getHost(), status));
        }
        return refusal(status, answer, asked);
    }

    private HubException refusal(int status, Answer answer, Asked asked) {
        String page = settings.endpoint() + "/" + asked.repository();
        String code = answer.header("x-error-code").orElse("");
        boolean token = settings.sendsToken();
        String said = answer.header("x-error-message").map(HubFailures::cut).orElse("");
        if (code.equals("GatedRepo")) {
            return new HubException(
                    token
                            ? "%s is gated and the token's account has no access: ask for it on %s"
                                    .formatted(asked.repository(), page)
                            : "%s is gated: accept its licence on %s, then set HF_TOKEN to a token of that account"
                                    .formatted(asked.repository(), page));
        }
        if (code.equals("RevisionNotFound")) {
            return new HubException(
                    "%s has no revision %s, expected a branch, tag or commit"
                            .formatted(asked.repository(), asked.revision()));
        }
        if (code.equals("EntryNotFound")) {
            return new HubException(
                    "%s has no file %s at revision %s"
                            .formatted(asked.repository(), asked.file(), asked.revision()));
        }
        if (status == 401 && token && !code.equals("RepoNotFound")) {
            return new HubException(
                    "%s refuses the token: check HF_TOKEN".formatted(settings.endpoint()));
        }
        if (status == 401 || status == 404) {
            return new HubException(
                    "%s has no model %s%s"
                            .formatted(
                                    settings.endpoint(),
                                    asked.repository(),
                                    token
                                            ? ", or the token has no access to it"
                                            : "; if it is private, set HF_TOKEN"));
        }
        return new HubException(
                "%s answers %d for %s%s"
                        .formatted(
                                settings.endpoint(),
                                status,
                                asked,
                                said.isEmpty() ? "" : ": " + said));
    }

    /// What the server asks to wait: `Retry-After` as seconds or date, else the `t` of `RateLimit`.
    private static Duration askedWait(Answer answer) {
        String after = answer.header("retry-after").orElse("").strip();
        if (after.matches("\\d{1,9}")) {
            return Duration.ofSeconds(Long.parseLong(after));
        }
        if (!after.isEmpty()) {
            try {
                Duration wait =
                        Duration.between(
                                Instant.now(),
                                ZonedDateTime.parse(after, DateTimeFormatter.RFC_1123_DATE_TIME));
                return wait.isNegative() ? Duration.ZERO : wait;
            } catch (DateTimeParseException _) {
                return Duration.ZERO;
            }
        }
        Matcher reset = RESET.matcher(answer.header("ratelimit").orElse(""));
        return answer.status() == 429 && reset.find()
                ? Duration.ofSeconds(Long.parseLong(reset.group(1)))
                : Duration.ZERO;
    }

    static String cut(String text) {
        return text.length() <= 200 ? text : text.substring(0, 197) + "...";
    }
}
