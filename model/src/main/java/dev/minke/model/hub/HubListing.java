package dev.minke.model.hub;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// The files that a hub lists in JSON.
final class HubListing {
    private static final int MOST_SIBLINGS = 50_000; // beyond that the hub's list is not complete

    private HubListing() {}

    /// The files of a repository's description; none if it lacks sizes or may be cut off.
    static List<HubFile> siblings(JsonNode siblings, URI address) throws HubException {
        List<HubFile> files = new ArrayList<>();
        for (JsonNode sibling : siblings) {
            String name = HubJson.string(sibling, "rfilename");
            JsonNode lfs = sibling.path("lfs");
            long size = size(sibling);
            if (name == null || size < 0 || files.size() >= MOST_SIBLINGS) {
                return List.of();
            }
            String digits =
                    HubJson.string(
                            lfs.isObject() ? lfs : sibling, lfs.isObject() ? "sha256" : "blobId");
            files.add(file(name, size, digits, address));
        }
        return files;
    }

    /// The files of one page of a repository's tree.
    static List<HubFile> treePage(JsonNode entries, URI address) throws HubException {
        List<HubFile> files = new ArrayList<>();
        for (JsonNode entry : entries) {
            if (!"file".equals(HubJson.string(entry, "type"))) {
                continue;
            }
            JsonNode lfs = entry.path("lfs");
            String name = Objects.requireNonNullElse(HubJson.string(entry, "path"), "");
            String digits = HubJson.string(lfs.isObject() ? lfs : entry, "oid");
            files.add(file(name, size(entry), digits, address));
        }
        return files;
    }

    private static long size(JsonNode entry) {
        return Math.max(
                HubJson.wholeNumber(entry.path("lfs"), "size"), HubJson.wholeNumber(entry, "size"));
    }

    private static HubFile file(String name, long size, @Nullable String digits, URI address)
            throws HubException {
        try {
            Optional<FileHash> hash =
                    digits == null
                            ? Optional.empty()
                            : FileHash.ofDigits(digits.replaceFirst("^sha256:", ""));
            return new HubFile(name, size, hash);
        } catch (IllegalArgumentException e) {
            throw new HubException("%s: %s".formatted(address, e.getMessage()), e);
        }
    }
}
