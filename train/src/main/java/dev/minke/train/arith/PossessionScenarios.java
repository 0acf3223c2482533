package dev.minke.train.arith;

import static dev.minke.train.arith.Scenarios.add;
import static dev.minke.train.arith.Scenarios.comparisons;
import static dev.minke.train.arith.Scenarios.half;
import static dev.minke.train.arith.Scenarios.missing;
import static dev.minke.train.arith.Scenarios.nouns;
import static dev.minke.train.arith.Scenarios.piles;
import static dev.minke.train.arith.Scenarios.price;
import static dev.minke.train.arith.Scenarios.product;
import static dev.minke.train.arith.Scenarios.share;
import static dev.minke.train.arith.Scenarios.subtract;
import static dev.minke.train.arith.Scenarios.times;
import static dev.minke.train.arith.Scenarios.together;
import static dev.minke.train.arith.Scenarios.twice;

import java.util.List;

/// Scenarios in which one person has things.
final class PossessionScenarios {

    private static final String HAS = "{N} has {e} {r:items}.";
    private static final String NEEDS = "{N} needs {e} more {r:items}.";
    private static final String TOGETHER = "Together they have {e} {r:items}.";

    private static final List<String> QUESTIONS =
            List.of(
                    "How many {items} does {N} have now?",
                    "How many {items} does {he} have in the end?",
                    "So how many {items} does {N} have?");

    private PossessionScenarios() {}

    static List<Scenario> all() {
        return List.of(market(), sweets(), baking(), collecting(), money());
    }

    private static Scenario market() {
        return new Scenario(
                "market",
                nouns(
                        "apple, pear, orange, plum, lemon, peach/peaches, melon, carrot, onion,"
                                + " potato/potatoes, tomato/tomatoes, mango/mangoes"),
                List.of("market", "shop", "farm stand"),
                HAS,
                List.of(
                        "{N} has {a} {items}.",
                        "{N} buys {a} {items} at the {place}.",
                        "{N} comes back from the {place} with {a} {items}."),
                List.of(
                        product("{N} buys {a} bags with {n} {items} in each bag."),
                        product(
                                "Each basket at the {place} holds {a} {items}. {N} buys {n}"
                                        + " baskets."),
                        add("{N} buys {a} {items} on Monday and {n} {n:items} on Tuesday."),
                        subtract("{N} had {a} {items} and threw {n} away.")),
                comparisons("has"),
                List.of(
                        add("{He} buys {n} more {n:items}."),
                        add("{M} gives {him} {n} more."),
                        add("Then {he} finds {n} {n:items} in the kitchen."),
                        subtract("{He} gives {n} {n:items} to {M}."),
                        subtract("{He} uses {n} {n:items} to cook dinner."),
                        subtract("Then {n} {n:items} {n:goes|go} bad."),
                        times("A week later {he} has {n} times as many."),
                        half("{He} gives half of the {items} to {M}.")),
                QUESTIONS,
                List.of(
                        share(
                                "{He} shares them equally among {n} friends."
                                        + " How many {items} does each friend get?",
                                "Each friend gets {e} {r:items}."),
                        share(
                                "{He} packs them into boxes of {n}. How many boxes does {he} fill?",
                                "{N} fills {e} {r:box|boxes}."),
                        price(
                                "{He} sells them for {n} dollars each."
                                        + " How many dollars does {he} get?",
                                "{N} gets {e} dollars."),
                        missing(
                                "{He} wants {n} in all. How many more {items} does {he} need?",
                                NEEDS)),
                together(TOGETHER));
    }

    private static Scenario sweets() {
        return new Scenario(
                "sweets",
                nouns(
                        "sweet, candy/candies, lollipop, toffee, jelly bean, chocolate, caramel,"
                                + " peanut"),
                List.of(),
                HAS,
                List.of(
                        "{N} has {a} {items}.",
                        "{N} gets {a} {items} at a party.",
                        "There are {a} {items} in {N}'s bag."),
                List.of(
                        product("{N} opens {a} packets with {n} {items} in each packet."),
                        product("A packet holds {a} {items}. {N} has {n} packets."),
                        add("{N} has {a} red {items} and {n} green {n:items}."),
                        subtract("{N} had {a} {items} and ate {n}.")),
                comparisons("has"),
                List.of(
                        add("{M} gives {him} {n} more."),
                        add("{He} wins {n} {n:items} in a game."),
                        add("{His} grandmother brings {n} more {n:items}."),
                        subtract("{He} eats {n} {n:items}."),
                        subtract("{He} loses {n} on the way home."),
                        subtract("{He} gives {n} {n:items} to {M}."),
                        twice("A day later {he} has twice as many."),
                        half("{He} gives half of them to {M}."),
                        piles("{He} makes {n} equal piles and keeps one pile.")),
                QUESTIONS,
                List.of(
                        share(
                                "{He} shares them equally among {n} friends."
                                        + " How many {items} does each friend get?",
                                "Each friend gets {e} {r:items}."),
                        share(
                                "{He} puts them equally into {n} cups."
                                        + " How many {items} are in each cup?",
                                "Each cup holds {e} {r:items}."),
                        price(
                                "Each {item} costs {n} cents. How many cents do they cost"
                                        + " together?",
                                "They cost {e} cents."),
                        missing(
                                "{He} needs {n} for {his} class."
                                        + " How many more {items} does {he} need?",
                                NEEDS)),
                together(TOGETHER));
    }

    private static Scenario baking() {
        return new Scenario(
                "baking",
                nouns(
                        "cookie, muffin, cake, pie, bun, roll, waffle, pancake, cupcake, tart,"
                                + " bagel"),
                List.of(),
                HAS,
                List.of(
                        "{N} bakes {a} {items}.",
                        "{N} makes {a} {items} for a party.",
                        "{N} has {a} warm {items}."),
                List.of(
                        product("{N} bakes {a} trays with {n} {items} on each tray."),
                        product("One tray holds {a} {items}. {N} bakes {n} trays."),
                        add("{N} bakes {a} {items} before lunch and {n} more after lunch."),
                        subtract("{N} baked {a} {items} and sold {n}.")),
                comparisons("makes"),
                List.of(
                        add("{He} bakes {n} more."),
                        add("{M} brings {n} more {n:items}."),
                        add("Then {he} makes {n} {n:items} with nuts."),
                        subtract("{He} sells {n} {n:items}."),
                        subtract("{His} family eats {n} of them."),
                        subtract("The dog eats {n} {n:items}."),
                        twice("{He} bakes all night and doubles the number."),
                        half("{He} takes half of them to {M}.")),
                QUESTIONS,
                List.of(
                        share(
                                "{He} puts them into boxes of {n}. How many boxes does {he} fill?",
                                "{N} fills {e} {r:box|boxes}."),
                        share(
                                "Then {n} children share them equally."
                                        + " How many {items} does each child get?",
                                "Each child gets {e} {r:items}."),
                        price(
                                "{He} sells each {item} for {n} dollars."
                                        + " How many dollars does {he} get?",
                                "{N} gets {e} dollars."),
                        missing(
                                "{He} needs {n} for a party. How many more {items} must {he} bake?",
                                NEEDS)),
                together(TOGETHER));
    }

    private static Scenario collecting() {
        return new Scenario(
                "collecting",
                nouns("marble, stamp, sticker, card, shell, button, bead, stone, ring, badge"),
                List.of("album", "box", "drawer"),
                HAS,
                List.of(
                        "{N} has {a} {items}.",
                        "{N} collects {a} {items}.",
                        "There are {a} {items} in {N}'s {place}."),
                List.of(
                        product("{N} fills {a} jars with {n} {items} each."),
                        product("A pack holds {a} {items}. {N} buys {n} packs."),
                        add("{N} has {a} blue {items} and {n} white {n:items}."),
                        subtract("{N} had {a} {items} but lost {n}.")),
                comparisons("has"),
                List.of(
                        add("{He} wins {n} {n:items} from {M}."),
                        add("{He} finds {n} more."),
                        add("{He} gets {n} {n:items} from {his} sister."),
                        subtract("{He} loses {n} {n:items} to {M}."),
                        subtract("{He} trades {n} {n:items} for a book."),
                        subtract("{He} sells {n} of them."),
                        times("A month later {he} has {n} times as many."),
                        half("{He} gives half of {his} {items} to {M}."),
                        piles("{He} sorts them into {n} equal piles and keeps one pile.")),
                QUESTIONS,
                List.of(
                        share(
                                "{He} puts them into bags of {n}. How many bags does {he} fill?",
                                "{N} fills {e} {r:bag|bags}."),
                        share(
                                "{He} puts them equally into {n} jars."
                                        + " How many {items} are in each jar?",
                                "Each jar holds {e} {r:items}."),
                        price(
                                "Each {item} is worth {n} cents."
                                        + " How many cents are they worth together?",
                                "They are worth {e} cents."),
                        missing(
                                "{His} {place} holds {n} in all. How many more {items} fit?",
                                "{N} has room for {e} more {r:items}.")),
                together(TOGETHER));
    }

    private static Scenario money() {
        return new Scenario(
                "money",
                nouns("dollar, coin, euro, cent, penny/pennies, silver coin"),
                List.of("toy", "book", "ball", "hat", "kite", "lamp", "cup", "game", "doll"),
                HAS,
                List.of(
                        "{N} has {a} {items}.",
                        "{N} has saved {a} {items}.",
                        "There are {a} {items} in {N}'s purse."),
                List.of(
                        product("{N} saves {a} {items} a week for {n} weeks."),
                        product("{N} works {a} hours and gets {n} {items} an hour."),
                        add("{N} earns {a} {items} on Friday and {n} {n:items} on Saturday."),
                        subtract("{N} had {a} {items} and paid {n} for lunch.")),
                comparisons("has"),
                List.of(
                        add("{He} earns {n} {n:items}."),
                        add("{His} mother gives {him} {n} more."),
                        add("{He} finds {n} {n:items} in a coat."),
                        subtract("{He} buys a {place} for {n} {n:items}."),
                        subtract("{He} spends {n} on a {place}."),
                        subtract("{He} lends {n} {n:items} to {M}."),
                        times("By summer {he} has {n} times as much."),
                        half("{He} gives half of the money to {M}.")),
                QUESTIONS,
                List.of(
                        share(
                                "{He} splits the money equally among {n} children."
                                        + " How many {items} does each child get?",
                                "Each child gets {e} {r:items}."),
                        share(
                                "A ticket costs {n} {items}. How many tickets can {he} buy?",
                                "{N} can buy {e} {r:ticket|tickets}."),
                        price(
                                "A year later {he} has {n} times this sum. "
                                        + "How many {items} does {he} have then?",
                                HAS),
                        missing(
                                "A bike costs {n} {items}. How many more {items} does {he} need?",
                                NEEDS)),
                together(TOGETHER));
    }
}
