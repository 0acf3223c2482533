package dev.minke.train.arith;

/// Who and what one problem is about. The two persons differ in gender, so that no pronoun is
/// vague.
///
/// @param name the main person
/// @param other the second person
/// @param female whether the main person is a girl or woman
/// @param place the place or thing of the scenario, empty where it has none
record Cast(String name, String other, boolean female, Noun noun, String place) {}
