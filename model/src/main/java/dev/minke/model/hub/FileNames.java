package dev.minke.model.hub;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/// Names of files that come from a server and become files here.
final class FileNames {
    /// What Windows takes for a device, whatever the extension.
    private static final Pattern DEVICE =
            Pattern.compile(
                    "(?:con|prn|aux|nul|com[0-9]|lpt[0-9]|conin\\$|conout\\$)(?:\\..*)?",
                    Pattern.CASE_INSENSITIVE);

    private static final String FORBIDDEN = "\\:<>\"|?*";
    private static final int MOST_CHARACTERS = 1000;
    private static final int MOST_BYTES_OF_A_PART = 200; // room for .part and the like below 255

    private FileNames() {}

    /// Refuse what no repository can contain: names that are absolute or leave the folder.
    ///
    /// @throws IllegalArgumentException naming it
    static void checkInside(String name) {
        if (name.isEmpty() || name.length() > MOST_CHARACTERS) {
            throw refused(name, "it has %d characters".formatted(name.length()));
        }
        if (name.indexOf('\\') >= 0) {
            throw refused(name, "it contains \\");
        }
        for (String part : name.split("/", -1)) {
            if (part.isEmpty() || part.equals(".") || part.equals("..")) {
                throw refused(name, "it leaves the model's folder");
            }
        }
    }

    /// Refuse names that some file system takes for something else, and those that are ours.
    ///
    /// @throws IllegalArgumentException naming it
    static void checkPortable(String name) {
        checkInside(name);
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (c < ' ' || c == 0x7f || FORBIDDEN.indexOf(c) >= 0) {
                throw refused(name, "it contains the character U+%04X".formatted((int) c));
            }
        }
        for (String part : name.split("/", -1)) {
            if (DEVICE.matcher(part).matches()) {
                throw refused(name, "\"" + part + "\" is a device on Windows");
            }
            if (part.endsWith(".") || part.endsWith(" ")) {
                throw refused(name, "\"" + part + "\" ends in a dot or space");
            }
            if (part.getBytes(StandardCharsets.UTF_8).length > MOST_BYTES_OF_A_PART) {
                throw refused(name, "a part of it is longer than %d bytes".formatted(200));
            }
            if (part.startsWith(Manifest.OWN) || part.endsWith(PartFile.SUFFIX)) {
                throw refused(name, "Minke keeps its own records under such names");
            }
        }
    }

    /// Refuse files that would be one file, or folder and file, on some file system.
    ///
    /// @throws IllegalArgumentException naming both
    static void checkDistinct(List<HubFile> files) {
        Map<String, String> taken = new HashMap<>();
        for (HubFile file : files) {
            String other = taken.put(fold(file.name()), file.name());
            if (other != null) {
                throw refused(file.name(), "it collides with \"" + other + "\"");
            }
        }
        for (HubFile file : files) {
            String name = file.name();
            for (int at = name.indexOf('/'); at >= 0; at = name.indexOf('/', at + 1)) {
                String other = taken.get(fold(name.substring(0, at)));
                if (other != null) {
                    throw refused(name, "it collides with \"" + other + "\"");
                }
            }
        }
    }

    /// The file of this name in `folder`, whose folders and itself are no symbolic links.
    ///
    /// @throws HubException if one is
    static Path resolve(Path folder, String name) throws HubException {
        Path path = folder;
        for (String part : name.split("/", -1)) {
            path = path.resolve(part);
            if (Files.isSymbolicLink(path)) {
                throw new HubException(
                        "%s is a symbolic link, expected a file or folder of its own; remove it"
                                .formatted(path));
            }
        }
        return path;
    }

    static boolean isFile(Path path) {
        return Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS);
    }

    private static String fold(String name) {
        return name.toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT);
    }

    private static IllegalArgumentException refused(String name, String why) {
        String shown = name.length() <= 100 ? name : name.substring(0, 97) + "...";
        return new IllegalArgumentException(
                "the file name \"%s\" from the hub is refused: %s".formatted(shown, why));
    }
}
