package dev.minke.train.arith;

import static dev.minke.train.arith.Scenarios.add;
import static dev.minke.train.arith.Scenarios.half;
import static dev.minke.train.arith.Scenarios.missing;
import static dev.minke.train.arith.Scenarios.nouns;
import static dev.minke.train.arith.Scenarios.price;
import static dev.minke.train.arith.Scenarios.product;
import static dev.minke.train.arith.Scenarios.share;
import static dev.minke.train.arith.Scenarios.subtract;
import static dev.minke.train.arith.Scenarios.times;
import static dev.minke.train.arith.Scenarios.total;
import static dev.minke.train.arith.Scenarios.twice;

import java.util.List;

/// Scenarios in which a place, a vehicle or a team holds a number of something.
final class PlaceScenarios {

    private PlaceScenarios() {}

    static List<Scenario> all() {
        return List.of(farm(), library(), ride(), garden(), sport(), school(), water());
    }

    private static Scenario farm() {
        return new Scenario(
                "farm",
                nouns(
                        "cow, sheep/sheep, goat, pig, hen, duck, horse, goose/geese, rabbit, lamb,"
                                + " turkey"),
                List.of("field", "meadow", "barn"),
                "The farm has {e} {r:items}.",
                List.of(
                        "{N}'s farm has {a} {items}.",
                        "Farmer {N} has {a} {items}.",
                        "There are {a} {items} on {N}'s farm."),
                List.of(
                        product("{N}'s farm has {a} {place}s with {n} {items} in each {place}."),
                        product("Farmer {N} buys {a} {items} every week for {n} weeks."),
                        add("{N}'s farm has {a} white {items} and {n} brown {n:items}.")),
                List.of(
                        add("{M}'s farm has {a} {items}. {N}'s farm has {n} more."),
                        subtract("{M}'s farm has {a} {items}. {N}'s farm has {n} fewer."),
                        times("{M}'s farm has {a} {items}. {N}'s farm has {n} times as many.")),
                List.of(
                        add("{N} buys {n} more {n:items}."),
                        add("Then {n} new {n:items} {n:is|are} born."),
                        add("{M} brings {n} {n:items} as a gift."),
                        subtract("{N} sells {n} {n:items}."),
                        subtract("Then {n} {n:items} {n:runs|run} away."),
                        subtract("{N} gives {n} {n:items} to {M}."),
                        times("A year later the farm has {n} times as many."),
                        half("{N} sells half of the {items}.")),
                List.of(
                        "How many {items} are on the farm now?",
                        "How many {items} does the farm have in the end?",
                        "So how many {items} does {N} have?"),
                List.of(
                        share(
                                "{N} puts the {items} equally into {n} {place}s."
                                        + " How many {items} are in each {place}?",
                                "Each {place} holds {e} {r:items}."),
                        price(
                                "Each {item} eats {n} cups of corn. How many cups do they eat?",
                                "They eat {e} cups."),
                        missing(
                                "The farm has room for {n} in all. How many more {items} fit?",
                                "The farm has room for {e} more {r:items}.")),
                List.of(
                        total(
                                "How many {items} do the two farms have together?",
                                "Together they have {e} {r:items}.")));
    }

    private static Scenario library() {
        return new Scenario(
                "library",
                nouns("book, comic, magazine, atlas/atlases, novel, map, guide, film"),
                List.of(),
                "The library has {e} {r:items}.",
                List.of(
                        "A library has {a} {items}.",
                        "There are {a} {items} in the library.",
                        "The town library owns {a} {items}."),
                List.of(
                        product("A library has {a} shelves with {n} {items} on each shelf."),
                        product(
                                "Each shelf of a library holds {a} {items}. There are {n}"
                                        + " shelves."),
                        add("A library has {a} old {items} and {n} new {n:items}."),
                        subtract("A library had {a} {items} and sold {n}.")),
                List.of(),
                List.of(
                        add("{N} brings back {n} {n:items}."),
                        add("The library buys {n} more {n:items}."),
                        add("{M} gives {n} {n:items} to the library."),
                        subtract("{N} borrows {n} {n:items}."),
                        subtract("Then {n} {n:items} {n:is|are} lent to a school."),
                        subtract("The library throws away {n} old {n:items}."),
                        times("A year later it has {n} times as many."),
                        half("Then half of the {items} are given to a school.")),
                List.of(
                        "How many {items} does the library have now?",
                        "How many {items} are in the library in the end?",
                        "So how many {items} does the library have?"),
                List.of(
                        share(
                                "The {items} stand equally on {n} shelves."
                                        + " How many {items} are on each shelf?",
                                "Each shelf holds {e} {r:items}."),
                        share(
                                "{N} packs the {items} into boxes of {n}."
                                        + " How many boxes does {he} fill?",
                                "{N} fills {e} {r:box|boxes}."),
                        price(
                                "Each {item} costs {n} dollars."
                                        + " How many dollars do they cost together?",
                                "They cost {e} dollars."),
                        missing(
                                "The library has room for {n} in all. How many more {items} fit?",
                                "The library has room for {e} more {r:items}.")),
                List.of());
    }

    private static Scenario ride() {
        return new Scenario(
                "ride",
                nouns(
                        "passenger, person/people, child/children, tourist, student, worker,"
                                + " soldier, nurse"),
                List.of("bus", "train", "tram", "ferry"),
                "The {place} has {e} {r:items}.",
                List.of(
                        "A {place} starts with {a} {items}.",
                        "There are {a} {items} on a {place}.",
                        "A {place} leaves town with {a} {items}."),
                List.of(
                        product("A {place} has {a} rows with {n} {items} in each row."),
                        add("First {a} {items} get on a {place}, then {n} more {n:gets|get} on."),
                        subtract("There were {a} {items} on a {place} and {n} got off.")),
                List.of(),
                List.of(
                        add("At the next stop {n} {n:items} {n:gets|get} on."),
                        add("Then {n} more {n:climbs|climb} in."),
                        add("At the park {n} {n:items} {n:joins|join} them."),
                        subtract("At the next stop {n} {n:items} {n:gets|get} off."),
                        subtract("At the market {n} {n:items} {n:leaves|leave}."),
                        subtract("Then {n} {n:items} {n:steps|step} out."),
                        times("After the last stop there are {n} times as many."),
                        half("At the school half of the {items} get off.")),
                List.of(
                        "How many {items} are on the {place} now?",
                        "How many {items} does the {place} have in the end?",
                        "So how many {items} are on the {place}?"),
                List.of(
                        share(
                                "The {items} sit in groups of {n}. How many groups are there?",
                                "They form {e} {r:group|groups}."),
                        share(
                                "The {items} leave in {n} equal groups."
                                        + " How many {items} are in each group?",
                                "Each group has {e} {r:items}."),
                        price(
                                "Each {item} pays {n} dollars."
                                        + " How many dollars do they pay together?",
                                "They pay {e} dollars."),
                        missing(
                                "The {place} has {n} seats, one for each. How many seats are"
                                        + " empty?",
                                "There is room for {e} more.")),
                List.of());
    }

    private static Scenario garden() {
        return new Scenario(
                "garden",
                nouns(
                        "rose, tulip, daisy/daisies, lily/lilies, bush/bushes, bulb, tree, fern,"
                                + " sunflower, cactus/cactuses"),
                List.of(),
                "The garden has {e} {r:items}.",
                List.of(
                        "{N} plants {a} {items}.",
                        "A garden has {a} {items}.",
                        "There are {a} {items} in {N}'s garden."),
                List.of(
                        product("{N} plants {a} rows with {n} {items} in each row."),
                        product("Each row of a garden has {a} {items}. There are {n} rows."),
                        add("{N} plants {a} tall {items} and {n} small {n:items}."),
                        subtract("{N} planted {a} {items} but {n} did not grow.")),
                List.of(
                        add("{M}'s garden has {a} {items}. {N}'s garden has {n} more."),
                        subtract("{M}'s garden has {a} {items}. {N}'s garden has {n} fewer."),
                        times("{M}'s garden has {a} {items}. {N}'s garden has {n} times as many.")),
                List.of(
                        add("{N} plants {n} more."),
                        add("{M} brings {n} {n:items} for the garden."),
                        add("In spring {n} new {n:items} {n:comes|come} up."),
                        subtract("A storm breaks {n} {n:items}."),
                        subtract("Then {n} {n:items} {n:dies|die}."),
                        subtract("{N} digs up {n} {n:items} for {M}."),
                        times("Next year the garden has {n} times as many."),
                        half("A goat eats half of the {items}.")),
                List.of(
                        "How many {items} are in the garden now?",
                        "How many {items} does the garden have in the end?",
                        "So how many {items} are in the garden?"),
                List.of(
                        share(
                                "The {items} stand in {n} equal rows."
                                        + " How many {items} are in each row?",
                                "Each row has {e} {r:items}."),
                        price(
                                "Each {item} needs {n} cups of water."
                                        + " How many cups do they need together?",
                                "They need {e} cups."),
                        missing(
                                "{N} wants {n} in all. How many more {items} must {he} plant?",
                                "{N} needs {e} more {r:items}.")),
                List.of(
                        total(
                                "How many {items} do the two gardens have together?",
                                "Together they have {e} {r:items}.")));
    }

    private static Scenario sport() {
        return new Scenario(
                "sport",
                nouns("point, goal, medal, star"),
                List.of("red", "blue", "green", "white", "school", "home"),
                "The team has {e} {r:items}.",
                List.of(
                        "The {place} team has {a} {items}.",
                        "The {place} team gets {a} {items} in the first game.",
                        "There are {a} {items} for the {place} team."),
                List.of(
                        product(
                                "The {place} team plays {a} games and gets {n} {items} in each"
                                        + " game."),
                        product("The {place} team has {a} players. Each player gets {n} {items}."),
                        add("{N} gets {a} {items} for the {place} team and {M} gets {n}."),
                        subtract("The {place} team had {a} {items} and lost {n}.")),
                List.of(
                        add("The black team has {a} {items}. The {place} team has {n} more."),
                        subtract("The black team has {a} {items}. The {place} team has {n} fewer."),
                        twice(
                                "The black team has {a} {items}. The {place} team has twice as"
                                        + " many.")),
                List.of(
                        add("{N} makes {n} more."),
                        add("In the next game the team gets {n} {n:items}."),
                        add("A late shot brings {n} more {n:items}."),
                        subtract("The team loses {n} {n:items} for a foul."),
                        subtract("The judge takes away {n} {n:items}."),
                        subtract("{M} breaks a rule, which costs {n} {n:items}."),
                        times("A year later the team has {n} times as many."),
                        half("A new rule takes away half of the {items}.")),
                List.of(
                        "How many {items} does the team have now?",
                        "How many {items} does the {place} team have in the end?",
                        "So how many {items} does the team have?"),
                List.of(
                        share(
                                "The {n} players made the same number each."
                                        + " How many {items} did each player make?",
                                "Each player made {e} {r:items}."),
                        price(
                                "Each {item} earns {n} dollars."
                                        + " How many dollars does the team earn?",
                                "The team earns {e} dollars."),
                        missing(
                                "The team needs {n} in all to win."
                                        + " How many more {items} does it need?",
                                "The team needs {e} more {r:items}.")),
                List.of(
                        total(
                                "How many {items} do the two teams have together?",
                                "Together they have {e} {r:items}.")));
    }

    private static Scenario school() {
        return new Scenario(
                "school",
                nouns("child/children, pupil, girl, boy, singer, dancer, guest, player"),
                List.of("hall", "gym", "yard", "park", "museum", "camp"),
                "The {place} has {e} {r:items}.",
                List.of(
                        "There are {a} {items} in the {place}.",
                        "A group of {a} {items} meets in the {place}.",
                        "The {place} is open and {a} {items} are there."),
                List.of(
                        product(
                                "There are {a} tables in the {place} with {n} {items} at each"
                                        + " table."),
                        add(
                                "First {a} {items} come into the {place}, then {n} more"
                                        + " {n:comes|come}."),
                        subtract("There were {a} {items} in the {place} and {n} went home.")),
                List.of(),
                List.of(
                        add("Then {n} more {n:items} {n:comes|come} in."),
                        add("{N} brings {n} {n:items} along."),
                        add("A teacher sends {n} more."),
                        subtract("Then {n} {n:items} {n:goes|go} home."),
                        subtract("{M} takes {n} {n:items} home."),
                        subtract("A bus takes {n} {n:items} away."),
                        times("An hour later there are {n} times as many."),
                        half("Then half of the {items} leave.")),
                List.of(
                        "How many {items} are in the {place} now?",
                        "How many {items} does the {place} have in the end?",
                        "So how many {items} are in the {place}?"),
                List.of(
                        share(
                                "The {items} form teams of {n}. How many teams are there?",
                                "They form {e} {r:team|teams}."),
                        share(
                                "The {items} form {n} equal teams."
                                        + " How many {items} are in each team?",
                                "Each team has {e} {r:items}."),
                        price(
                                "Each {item} gets {n} pencils."
                                        + " How many pencils do they get together?",
                                "They get {e} pencils."),
                        missing(
                                "The {place} has {n} chairs, one for each."
                                        + " How many chairs are empty?",
                                "There is room for {e} more.")),
                List.of());
    }

    private static Scenario water() {
        return new Scenario(
                "water",
                nouns("liter, gallon, cup, pint"),
                List.of("tank", "barrel", "pool", "tub"),
                "The {place} has {e} {r:items}.",
                List.of(
                        "A {place} holds {a} {items} of water.",
                        "There are {a} {items} of water in a {place}.",
                        "{N} fills a {place} with {a} {items} of water."),
                List.of(
                        product("A pump brings {a} {items} an hour into a {place} for {n} hours."),
                        add("{N} pours {a} {items} of water into a {place} and {M} adds {n}."),
                        subtract("A {place} had {a} {items} of water but lost {n}.")),
                List.of(),
                List.of(
                        add("{N} pours in {n} more."),
                        add("Rain adds {n} {n:items}."),
                        add("A pipe brings {n} more {n:items}."),
                        subtract("{N} takes out {n} {n:items}."),
                        subtract("Then {n} {n:items} {n:leaks|leak} out."),
                        subtract("A horse drinks {n} {n:items}."),
                        times("After a storm there is {n} times as much."),
                        half("{M} uses half of the water.")),
                List.of(
                        "How many {items} are in the {place} now?",
                        "How many {items} does the {place} have in the end?",
                        "So how many {items} are in the {place}?"),
                List.of(
                        share(
                                "{N} pours the water into jars of {n} {items}."
                                        + " How many jars does {he} fill?",
                                "{N} fills {e} {r:jar|jars}."),
                        share(
                                "{N} pours the water equally into {n} jars."
                                        + " How many {items} does each jar get?",
                                "Each jar gets {e} {r:items}."),
                        price(
                                "{N} sells each {item} for {n} cents. How many cents does {he}"
                                        + " get?",
                                "{N} gets {e} cents."),
                        missing(
                                "The {place} can hold {n} in all. How many more {items} fit?",
                                "The {place} has room for {e} more {r:items}.")),
                List.of());
    }
}
