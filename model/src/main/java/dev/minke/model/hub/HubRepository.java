package dev.minke.model.hub;

import java.util.List;

/// A model on the hub at one commit.
///
/// @param name ORG/NAME
/// @param revision the branch, tag or commit that was asked for
/// @param commit what that is now
/// @param files all of its files
public record HubRepository(String name, String revision, String commit, List<HubFile> files) {
    public HubRepository {
        files = List.copyOf(files);
    }
}
