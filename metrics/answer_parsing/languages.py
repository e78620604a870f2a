"""Phrases around an answer in languages other than English.

A language is one row of `SPACED`, if it separates words by spaces, or of `UNSPACED`.
"""

import re
from functools import cached_property, lru_cache
from typing import NamedTuple

_HEAD_CHARACTERS, _TAIL_CHARACTERS = 200, 400
_BRACKETS = r"[\"'“”‘’(\[]{0,2}"
_LETTER = rf"{_BRACKETS}(?-i:[A-Z])(?![A-Za-z0-9À-ɏ])"


_BUT = r"(?:sino(?:\sque)?|sondern|mais|bens[iì]|ma|mas(?:\ssim)?|maar|a|lecz|mà|melainkan)\s"
SORRY = (
    r"perd[oó]n|disculp\w{1,4}|me\sequivoqu[eé]|corrijo|desculpe|corrigindo|pardon|d[eé]sol[eé]e?|je\sme\scorrige|"
    r"entschuldigung|korrektur|verzeihung|scusa(?:te)?|mi\scorreggo|抱歉|更正|不对|죄송\w{0,6}|정정\w{0,4}|すみません|訂正"
)


class Language:
    """Patterns of one language; the text contains one of `needs`, in lower case, wherever a pattern matches."""

    def __init__(self, needs: str, cues: tuple[str, ...], called: tuple[str, ...]) -> None:
        self.needs = tuple(needs.split("|"))
        self._cues, self._called = cues, called

    @cached_property
    def cue(self) -> re.Pattern[str]:
        """Pattern that ends where the answer starts."""
        return re.compile("|".join(self._cues), re.IGNORECASE | re.MULTILINE)

    @cached_property
    def called_correct(self) -> re.Pattern[str]:
        """Pattern whose group is a letter that the text calls correct."""
        return re.compile("|".join(self._called), re.IGNORECASE | re.MULTILINE)


class Spaced(NamedTuple):
    """Alternatives of a language with spaces between its words."""

    needs: str
    nouns: str
    correct: str
    copula: str
    articles: str
    concluding: str
    choosing: str
    negation: str
    wrong: str
    because: str
    conditional: str

    def language(self) -> Language:
        """Return the patterns of these words."""
        lead = rf"(?:(?-i:{self.articles})(?:\s|(?<=['’]))){{0,2}}(?:(?:{self.nouns})\s)?"
        being = rf"(?:\s?[:=]|\s[-–—]|\s(?:{self.copula})\b\s?:?)\s?"
        noun = rf"\b(?:{self.nouns})\b"
        return Language(
            self.needs,
            (
                rf"{noun}(?:\s[^\s.:;?!]{{1,20}}){{0,6}}?{being}{lead}",
                rf"(?:^|[\s,.;(])(?:{self.correct})(?:\s(?:{self.correct}|{self.nouns})){{0,2}}{being}{lead}",
                rf"\b(?:{self.concluding})\b,?\s(?:[^\s.:;?!]{{1,20}}\s){{0,3}}?{lead}(?={_LETTER}[)\]]?(?:[.\n]|\Z))",
                rf"\b(?:{self.choosing})\s{lead}(?={_LETTER})",
                rf"^{noun}\s(?={_LETTER}[)\]]?(?:[.\n]|\Z))",
                rf"(?-i:[A-Zǂ])[)\]]?,\s(?:{_BUT})?(?:(?:{self.copula})\s)?{lead}(?={_LETTER}[)\]]?(?:[.\n]|\Z))",
                rf"\b(?:{SORRY}),?\s{lead}(?={_LETTER}[)\]]?(?:[.\n]|\Z))",
            ),
            (
                rf"(?:^|[\s(,.])(?-i:([A-Z]))[)\]]?\s(?:{self.copula})\s(?:[^\s.:;?!]{{1,12}}\s){{0,2}}?"
                rf"(?:{self.correct})\b",
                rf"\b(?:{self.copula})\s(?:(?:{self.nouns})\s)?(?-i:([A-Z]))\s(?:{self.correct})\b",
            ),
        )


SPACED = {
    "Spanish": Spaced(
        needs="respuesta|opción|opcion|alternativa|inciso|solución|correcta|correcto|letra|elijo|escojo|selecciono",
        nouns=r"respuesta|opci[oó]n|alternativa|letra|inciso|literal|soluci[oó]n",
        correct=r"correct[ao]|verdader[ao]|acertad[ao]|adecuad[ao]|indicad[ao]|final|mejor",
        copula=r"es|ser[ií]a|corresponde\sa",
        articles="la|el|una|lo",
        concluding=r"por\s(?:lo\s)?tanto|entonces|as[ií]\sque|en\sconclusi[oó]n|por\sende|en\sresumen",
        choosing=r"elijo|escojo|selecciono|elegir[ií]a|marco|me\squedo\scon",
        negation=r"no|ni|nunca|tampoco|descart\w{1,4}|excluy\w{1,4}|elimin\w{1,4}",
        wrong=r"incorrect[ao]|fals[ao]|err[oó]ne[ao]|equivocad[ao]|inadecuad[ao]|descartad[ao]",
        because=r"porque|ya\sque|dado\sque|pues|debido",
        conditional="si",
    ),
    "Portuguese": Spaced(
        needs="resposta|alternativa|opção|opcao|gabarito|letra|corret|assertiva|escolho",
        nouns=r"resposta|alternativa|op[cç][aã]o|letra|gabarito|assertiva",
        correct=r"corret[ao]|cert[ao]|verdadeir[ao]|adequad[ao]|final|melhor",
        copula=r"é|e|seria|est[aá]|corresponde\s[aà]",
        articles="a|o|uma",
        concluding=r"portanto|logo|assim|ent[aã]o|em\sconclus[aã]o",
        choosing=r"escolho|seleciono|marco|marque|assinale|fico\scom",
        negation=r"n[aã]o|nem|nunca|descart\w{1,4}|exclu\w{1,4}|elimin\w{1,4}",
        wrong=r"incorret[ao]|errad[ao]|fals[ao]|inadequad[ao]|descartad[ao]",
        because=r"porque|pois|j[aá]\sque|uma\svez\sque|devido",
        conditional="se",
    ),
    "French": Spaced(
        needs="réponse|reponse|correcte|exacte|lettre|bonne|est correct|choisis",
        nouns=r"r[eé]ponse|option|lettre|proposition|choix",
        correct=r"correcte?|exacte?|bonne|juste|vraie|finale|meilleure",
        copula=r"est|serait",
        articles="la|le|une|l['’]",
        concluding=r"donc|par\scons[eé]quent|ainsi|en\sconclusion|d['’]o[uù]",
        choosing=r"je\s(?:choisis|choisirais|s[eé]lectionne|retiens)|c['’]est|il\ss['’]agit\sde",
        negation=r"pas|ni|non|jamais|[eé]cart\w{1,4}|[eé]limin\w{1,4}|exclu\w{0,4}",
        wrong=r"incorrecte?s?|fau(?:x|sses?)|erron[eé]e?|inexacte?|mauvaise?|inad[eé]quate?|exclue?|[eé]limin[eé]e?",
        because=r"car|parce\sque?|puisque?|en\sraison",
        conditional="si",
    ),
    "German": Spaced(
        needs="antwort|richtig|korrekt|lösung|loesung|zutreffend|buchstabe|wähle",
        nouns=r"antwort(?:option|m[oö]glichkeit)?|option|l[oö]sung|auswahl|buchstabe|aussage",
        correct=r"richtig(?:e[rns]?)?|korrekt(?:e[rns]?)?|zutreffend(?:e[rns]?)?|beste|finale|endg[uü]ltige",
        copula=r"ist|w[aä]re|lautet|bleibt|hei[sß]+t",
        articles="die|der|das|also|daher|somit",
        concluding=r"daher|somit|also|folglich|deshalb|demnach|fazit:?",
        choosing=r"ich\s(?:w[aä]hle|nehme|entscheide\smich\sf[uü]r)",
        negation=r"nicht|weder|noch|kein\w{0,2}|niemals|ausgeschlossen",
        wrong=r"falsch(?:e[rns]?)?|inkorrekt(?:e[rns]?)?|unzutreffend|unwahrscheinlich|ausgeschlossen|unpassend",
        because=r"weil|denn|da",
        conditional="wenn|falls",
    ),
    "Italian": Spaced(
        needs="risposta|opzione|corrett|lettera|giusta|esatta|soluzione|scelgo",
        nouns=r"risposta|opzione|alternativa|lettera|soluzione|scelta",
        correct=r"corrett[ao]|giust[ao]|esatt[ao]|ver[ao]|finale|migliore",
        copula=r"è|e['’]|sarebbe|corrisponde\salla?",
        articles="la|il|una|quella|l['’]",
        concluding=r"quindi|pertanto|dunque|perci[oò]|in\sconclusione",
        choosing=r"scelgo|seleziono|sceglierei|opto\sper",
        negation=r"non|n[eé]|nemmeno|mai|esclud\w{1,4}|scart\w{1,4}|elimin\w{1,4}",
        wrong=r"errat[ao]|sbagliat[ao]|fals[ao]|scorrett[ao]|esclus[ao]|inadeguat[ao]|scartat[ao]",
        because=r"perch[eéè]|poich[eéè]|in\squanto|dato\sche",
        conditional="se",
    ),
    "Dutch": Spaced(
        needs="antwoord|juist|correcte|optie",
        nouns=r"antwoord|optie|keuze|letter",
        correct=r"juiste?|correcte?|goede|beste|definitieve",
        copula=r"is|luidt|zou\szijn",
        articles="de|het|dus|daarom",
        concluding=r"dus|daarom|kortom",
        choosing=r"ik\skies",
        negation=r"niet|noch|geen",
        wrong=r"onjuiste?|foute?|verkeerde?|incorrecte?",
        because=r"omdat|want|aangezien",
        conditional="als|indien",
    ),
    "Russian": Spaced(
        needs="ответ|вариант|правильн|верн",
        nouns=r"ответ(?:ом)?|вариант(?:ом)?",
        correct=r"правильн(?:ый|о|ым)|верн(?:ый|о|ым)|окончательный",
        copula=r"это|является|будет",
        articles="вариант|буква|это",
        concluding=r"следовательно|поэтому|таким\sобразом|значит",
        choosing=r"выбираю",
        negation=r"не|ни|исключ\w{1,5}",
        wrong=r"неправильн\w{1,3}|неверн\w{1,3}|ошибочн\w{1,3}|исключ[её]н\w{0,2}",
        because=r"потому|так\sкак|поскольку",
        conditional="если",
    ),
    "Polish": Spaced(
        needs="odpowiedź|odpowiedz|poprawn|prawidłow",
        nouns=r"odpowied[zź](?:i[aą])?|opcja",
        correct=r"poprawn[aey]|prawidłow[aey]|właściw[aey]|ostateczna",
        copula=r"to|jest(?:\sto)?|brzmi",
        articles="to|jest|odpowiedź",
        concluding=r"zatem|dlatego|więc",
        choosing=r"wybieram",
        negation=r"nie|ani",
        wrong=r"niepoprawn[aey]|nieprawidłow[aey]|błędn[aey]|fałszyw[aey]",
        because=r"ponieważ|bo|gdyż",
        conditional="jeśli|gdyby",
    ),
    "Vietnamese": Spaced(
        needs="đáp|lời",
        nouns=r"đáp\sán|câu\strả\slời|lựa\schọn",
        correct=r"đúng|chính\sxác|cuối\scùng",
        copula=r"là|sẽ\slà",
        articles="đáp án|câu",
        concluding=r"vì\svậy|do\sđó|vậy",
        choosing=r"(?:tôi\s)?chọn",
        negation=r"không(?:\sphải)?",
        wrong=r"sai|không\sđúng",
        because=r"vì|bởi\svì",
        conditional="nếu",
    ),
    "Indonesian": Spaced(
        needs="jawaban",
        nouns=r"jawaban(?:nya)?|pilihan|opsi",
        correct=r"benar|tepat|akhir|terbaik",
        copula=r"adalah|ialah|yaitu",
        articles="yang|pilihan",
        concluding=r"jadi|oleh\skarena\situ|dengan\sdemikian",
        choosing=r"saya\smemilih",
        negation=r"bukan|tidak",
        wrong=r"salah|keliru|tidak\s(?:benar|tepat)",
        because=r"karena|sebab",
        conditional="jika|kalau",
    ),
}

# Between a cue and the answer in languages without spaces: no letter, no punctuation.
_GAP = r"[^\sA-Za-z,.:;?!\"'()\[\]]"
UNSPACED = {
    "Chinese": Language(
        "答|选|選|正确|正確|最",
        (
            rf"(?:答案|选项|選項|(?<![解回])答){_GAP}{{0,8}}?(?:\])?\s?(?:应该是|應該是|应为|應為|应是|應是|是|为|為|选|選|:|=)\s?"
            r"(?:选项|選項|选择|選擇|选|選)?\s?:?\s?",
            rf"(?:答案|选项|選項)\]?\s?(?={_LETTER}(?:[.,;)\s\]]|\Z))",
            rf"正[确確]{_GAP}{{0,8}}?(?:应该是|應該是|应为|應為|是|为|為|:)\s?(?:选项|選項|选|選)?\s?",
            rf"最{_GAP}{{1,14}}?(?:应该是|應該是|应为|應為|是|为|為|:)\s?(?:选项|選項|选|選)?\s?(?={_LETTER})",
            rf"(?:(?-i:[A-Zǂ])[,.]\s?|而)是(?={_LETTER})",
            rf"[选選](?:择|擇|答案|为|為|:|\s)?\s?(?={_LETTER})",
        ),
        (
            r"(?<![A-Za-z0-9])(?-i:([A-Z]))[)\]]?\s?(?:项|項|选项|選項)?\s?(?:是|为|為)?(?:最)?(?:正[确確](?![性率])|对的|對的)",
        ),
    ),
    "Japanese": Language(
        "答|解|正し|適切|選|最も",
        (
            rf"(?:答え|正解|解答|回答|正答|正しい{_GAP}{{1,5}}?|適切な{_GAP}{{1,5}}?|最も{_GAP}{{1,16}}?)\]?"
            r"\s?(?:は|が|:|=)\s?,?\s?(?:選択肢|記号)?\s?",
            rf"(?:答え|正解|解答|回答)\]?\s?(?={_LETTER})",
            rf"(?:したがって|よって|従って)\s?,?\s?(?:選択肢|答えは)?\s?(?={_LETTER}(?:[.\n]|が|です|となる|\Z))",
            rf"ではなく,?\s?(?={_LETTER})",
            rf"(?={_LETTER}を選(?:択|ぶ|び))",
        ),
        (r"(?<![A-Za-z0-9])(?-i:([A-Z]))[)\]]?\s?(?:が|は)\s?(?:最も)?(?:正解|正しい(?!とは)|正答|答え|適切(?!で))",),
    ),
    "Korean": Language(
        "답|옳|맞|올바|적절",
        (
            r"(?:정답|해답|답안|(?<!오)답변?|(?:옳은|맞는|올바른|적절한)\s?(?:것|선택지|답))\]?\s?"
            rf"(?:[은는이가]|:|=)?\s?(?:[가-힣]{{1,6}}\s){{0,2}}(?:선택지|보기|옵션)?\s?:?\s?(?={_LETTER})",
            r"(?:정답|(?<!오)답변?)(?:[은는]|\s?:|=)\s?",
            rf"아니라,?\s?(?={_LETTER})",
        ),
        (
            r"(?<![A-Za-z0-9])(?-i:([A-Z]))[)\]]?\s?(?:번|항)?\s?(?:[이가은는])\s?(?:가장\s)?(?:정답(?!이\s?아)|옳(?!지)|맞(?!지)|올바|적절(?!하지))",
        ),
    ),
}

LANGUAGES = (*(row.language() for row in SPACED.values()), *UNSPACED.values())
_ASCII_LANGUAGES = tuple(language for language in LANGUAGES if any(word.isascii() for word in language.needs))


@lru_cache(maxsize=16)  # several rules ask for the same text
def languages_of(text: str) -> tuple[Language, ...]:
    """Return the languages with a word at either end of this text, where an answer is."""
    lowered = f"{text[:_HEAD_CHARACTERS]} {text[-_TAIL_CHARACTERS:]}".lower()
    known = _ASCII_LANGUAGES if text.isascii() else LANGUAGES
    return tuple(language for language in known if any(map(lowered.__contains__, language.needs)))
