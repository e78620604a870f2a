"""Answers and denials in languages other than English."""

from collections.abc import Callable

import pytest

Parse = Callable[..., str | None]
DRUGS = {"A": "Aspirin", "B": "Clopidogrel", "C": "Warfarin", "D": "Apixaban"}
ANSWERS = {
    "Chinese": (
        "答案是D | 答案：D | 答案为D | 答案: D | 正确答案是D | 正确答案是 D | 正确答案是：D | 正确答案为D。 | "
        "正确选项是D | 选D | 选 D | 选择D | 应选D | 应选 D | 故选D | 故选：D | 故选D。 | 因此选D | 因此，选择D | "
        "本题选D | 所以答案是D | 综上所述，答案是D。 | 参考答案：D | 最佳答案是D | 最佳选项是D | 最合适的选项是D | "
        "最可能的诊断是D | 因此，最合适的药物是D。 | 答：D | 答案D | 答案 D | 【答案】D | 【答案】 D | "
        "【正确答案】D | 【参考答案】D | 正确的是D | 正确的选项是D | D是正确答案 | D是正确的 | 选项D是正确的 | "
        "选项D正确 | D项正确 | D正确 | D。 | D、阿哌沙班 | D．阿哌沙班 | （D） | Ｄ | Ｄ、 | 答案：Ｄ | "
        "答案是（D） | 答案是「D」 | 答案是D选项 | 答案是D项 | 答案是选项D | 答案应为D | 答案应该是D | "
        "答案是D，因为它是口服的。 | 答案是D. Apixaban | 答案是D、Apixaban | 答案为 D：Apixaban | 我选D | "
        "我会选择D | 我选择D。 | 正確答案是D | 答案為D | 正確答案為 D | 選D | 選擇D | 應選D | 故選D | "
        "參考答案：D | 正確選項是D | 選項D正確 | 答案是：**D** | **答案：D** | 答案：\\boxed{D} | "
        "正确答案是：\n\nD | A错误，B错误，C错误，故选D | A不正确，B不正确，D正确 | A、B、C均错误，故选D。 | "
        "不是A，而是D。答案是D"
    ),
    "Korean": (
        "정답은 D입니다 | 정답은 D입니다. | 정답은 D | 정답: D | 정답 : D | 정답：D | 정답은 (D)입니다 | "
        "정답은 D번입니다 | 정답은 \"D\"입니다 | 답: D | 답은 D입니다. | 따라서 정답은 D입니다. | "
        "따라서 답은 D이다. | 정답 D | D가 정답입니다 | D가 정답이다. | D번이 정답입니다. | D입니다 | D번 | "
        "올바른 답은 D입니다 | 가장 적절한 답은 D입니다 | 가장 적절한 것은 D이다 | 정답은 D. Apixaban | "
        "정답은 D. Apixaban입니다 | **정답: D** | 정답은 D이며, 이유는 | 최종 답변: D | 최종 정답: D"
    ),
    "Japanese": (
        "選択肢Dが正解です | 答えはDです | 答えはD | 答えは D です。 | 答え：D | 答え: D | 正解はDです | 正解はD | "
        "正解：D | 正解はDである。 | 正解は「D」です | 正解は（D）です。 | 正答はD | 解答：D | 回答：D | 回答: D | "
        "正しい答えはDです | 正しい選択肢はDです | 正しいのはDです | 最も適切なのはDです | "
        "最も適切な選択肢はDである | したがって、正解はDです。 | よって、答えはDとなる。 | Dが正解です | Dが正解 | "
        "Dが正しい | Dです | Dです。 | 答えはDだと思います | 答えはDと考えられます | 正解はDで、理由は | "
        "【解答】D | **正解：D** | 答えは、Dです"
    ),
    "Spanish": (
        "La respuesta correcta es D | La respuesta correcta es la D | La respuesta es D. | La respuesta es la D. | "
        "La respuesta correcta es: D | La respuesta correcta es la opción D | "
        "La respuesta correcta es la opción D. | La respuesta correcta es D) Apixaban | Respuesta: D | "
        "Respuesta correcta: D | Respuesta final: D | **Respuesta: D** | La opción correcta es la D | "
        "La opción correcta es D. | Opción D | Opción correcta: D | La opción D es la correcta | "
        "La opción D es correcta | La D es la correcta | D es la respuesta correcta | D es correcta | "
        "Por lo tanto, la respuesta es D. | Por lo tanto, la opción D. | "
        "Por tanto, la respuesta correcta es la D: Apixaban | Elijo la D | Elijo la opción D | "
        "La alternativa correcta es la D | Inciso D | La correcta es la D | La mejor respuesta es D | "
        "La respuesta sería D | La respuesta sería la D. | La respuesta es D porque es oral | "
        "La respuesta es D, ya que es oral. | D, porque es oral | La respuesta a la pregunta es D | "
        "Respuesta: «D» | La respuesta es: **D** | Mi respuesta es D"
    ),
    "French": (
        "La réponse correcte est la D | La réponse est D | La réponse est D. | La bonne réponse est D | "
        "La bonne réponse est la D. | La bonne réponse est la réponse D | "
        "La réponse correcte est D) Apixaban | La réponse correcte est : D | Réponse : D | Réponse: D | "
        "Réponse D | Réponse correcte : D | Réponse finale : D | **Réponse : D** | "
        "La bonne réponse est l'option D | L'option correcte est D | L'option correcte est la D. | "
        "L'option D est correcte | La réponse D est correcte | D est la bonne réponse | D est correct | "
        "Lettre D | Option D | La réponse à la question est D | Donc la réponse est D. | Donc, la réponse D. | "
        "C'est la réponse D | Il s'agit de la réponse D. | Je choisis D | Je choisis la réponse D | "
        "La réponse est « D » | La réponse est D car il est oral | La réponse est D, car il est oral | "
        "La meilleure réponse est D | Ma réponse : D | Bonne réponse : D"
    ),
    "German": (
        "Die richtige Antwort ist D | Die richtige Antwort ist D. | Die richtige Antwort lautet D | "
        "Die richtige Antwort lautet: D | Die korrekte Antwort ist D | Die Antwort ist D | Die Antwort lautet D. | "
        "Antwort: D | Antwort D | Richtige Antwort: D | Richtig ist D | Richtig ist D. | Richtig ist Antwort D | "
        "Korrekt ist D | Richtig: D | **Antwort: D** | Antwort D ist richtig | Antwort D ist korrekt. | "
        "Option D ist richtig | D ist richtig | D ist die richtige Antwort | D ist korrekt | "
        "Daher ist die richtige Antwort D. | Daher ist D richtig. | Somit ist Antwort D korrekt. | "
        "Die richtige Option ist D | Die richtige Lösung ist D | Lösung: D | Die Antwort ist „D“ | "
        "Die richtige Antwort ist D) Apixaban | Die richtige Antwort ist D, weil es oral ist. | Ich wähle D | "
        "Ich wähle Antwort D | Endgültige Antwort: D | Die beste Antwort ist D"
    ),
    "Portuguese": (
        "A resposta correta é D | A resposta correta é a D | A resposta correta é a letra D | "
        "A resposta correta é a letra D. | A resposta é D | A resposta é D. | A resposta é a alternativa D | "
        "Resposta: D | Resposta: letra D | Resposta correta: D | Resposta final: D | **Resposta: D** | "
        "Gabarito: D | Gabarito: letra D | Alternativa D | Alternativa correta: D | A alternativa correta é a D | "
        "A alternativa correta é a letra D. | A alternativa D é a correta | A alternativa D está correta | "
        "Letra D | A opção correta é D | A opção correta é a D | A opção D é a correta | "
        "Portanto, a resposta correta é D. | Portanto, a alternativa D. | D é a resposta correta | "
        "D é a correta | Escolho a D | A resposta certa é D | A resposta correta é D) Apixaban | "
        "A resposta é D porque é oral | A resposta é D, pois é oral | A melhor resposta é a D"
    ),
    "Italian": (
        "La risposta corretta è D | La risposta corretta è la D | La risposta corretta è la D. | "
        "La risposta è D | La risposta è la D | Risposta: D | Risposta corretta: D | Risposta esatta: D | "
        "**Risposta: D** | Risposta finale: D | L'opzione corretta è D | L'opzione corretta è la D | "
        "L'opzione D è corretta | L'opzione D è quella corretta | La D è corretta | D è la risposta corretta | "
        "Quindi la risposta è D. | Pertanto, la risposta corretta è la D. | La risposta giusta è D | "
        "La risposta esatta è la D | Scelgo la D | Lettera D | La risposta è D perché è orale | "
        "La risposta corretta è D) Apixaban | La risposta è la lettera D"
    ),
    "other": (
        "Het juiste antwoord is D | Antwoord: D | Правильный ответ: D | Ответ: D | "
        "Правильный ответ — D | Prawidłowa odpowiedź to D | Odpowiedź: D | "
        "Đáp án đúng là D | Đáp án: D | Jawaban yang benar adalah D | Jawaban: D"
    ),
}  # fmt: skip
DENIALS = {
    "Chinese": (
        "不是A | 答案不是A | 正确答案不是A | A是错误的 | A错误 | A不正确 | A不对 | 选项A是错误的 | 选项A错误 | "
        "A项错误 | A选项不正确 | 排除A | A可以排除 | 可以排除A | 不选A | 不应选A | A. 错误 | A、错误 | A：错误 | "
        "错误答案是A | A不是正确答案 | 答案是A吗？不是。 | 如果选A | 有人会选A | 答案不可能是A | A是錯誤的 | "
        "A錯誤 | 答案不是A。 | 不選A | 维生素A | 乙型肝炎B | A型血 | B型肝炎 | 答案是A型血友病 | C反应蛋白 | "
        "D二聚体升高 | 血型：A | A型肝炎"
    ),
    "Korean": (
        "A가 아니다 | A가 아닙니다 | 정답은 A가 아닙니다 | A는 정답이 아닙니다 | A는 틀렸습니다 | A는 오답입니다 | "
        "오답은 A | A는 옳지 않다 | A형 간염 | 혈액형은 A형 | 정답은 B형 간염입니다 | 비타민 C | A는 틀린 답이다 | "
        "A번은 틀렸다"
    ),
    "Japanese": (
        "Aではない | Aではありません | 答えはAではない | 答えはAではありません | 正解はAではありません | Aは誤り | "
        "Aは誤りです | Aは間違いです | Aは不正解 | Aは正しくない | 不正解はA | 血液型はA型 | 答えはB型肝炎です | "
        "ビタミンC | Aは除外される | Aは不適切"
    ),
    "Spanish": (
        "no es A | La respuesta no es A | No es A. | La respuesta correcta no es A | "
        "La respuesta correcta no es la A | A es incorrecta | A) es incorrecta | A. Incorrecta. | "
        "La opción A es incorrecta | La opción A no es correcta | A no es correcta | A no es la respuesta | "
        "La respuesta incorrecta es A | A es falsa | Respuesta incorrecta: A | Descarto la A | "
        "La A es incorrecta | A queda descartada | No es la opción A | vitamina C | grupo A | hepatitis B | "
        "El tipo es A | clase C | Hepatitis: B"
    ),
    "French": (
        "n'est pas A | Ce n'est pas A | La réponse n'est pas A | La réponse n'est pas la A | "
        "La bonne réponse n'est pas A. | A est faux | A) est faux | A est incorrect | A. Faux. | A) Faux | "
        "La réponse A est fausse | L'option A est incorrecte | A n'est pas correct | "
        "A n'est pas la bonne réponse | La mauvaise réponse est A | La réponse incorrecte est A | vitamine C | "
        "groupe A | type A"
    ),
    "German": (
        "nicht A | Die Antwort ist nicht A | Die richtige Antwort ist nicht A | Es ist nicht A | A ist falsch | "
        "A) ist falsch | A. Falsch. | Antwort A ist falsch | A ist nicht richtig | "
        "A ist nicht die richtige Antwort | Die falsche Antwort ist A | Falsch ist A | A ist unwahrscheinlich | "
        "A kann ausgeschlossen werden | Weder A noch B | Vitamin C | Typ A | Hepatitis B | Gruppe A"
    ),
    "Portuguese": (
        "não é A | A resposta não é A | A resposta correta não é a A | A está incorreta | "
        "A alternativa A está incorreta | A) está errada | A. Errada. | A não é a resposta | "
        "A alternativa A não é a correta | A resposta errada é A | A alternativa A é falsa"
    ),
    "Italian": (
        "non è A | La risposta non è A | La risposta corretta non è la A | A è errata | A) è errata | "
        "A. Errata. | L'opzione A è sbagliata | A non è corretta | A non è la risposta corretta | "
        "La risposta errata è A | epatite B | A este paciente | A letra | Die Antwort ist eine Pille | "
        "La respuesta es un anticoagulante | A resposta"
    ),
    "other": (
        "Het antwoord is niet A | Ответ не A"
    ),
}  # fmt: skip


def cases(table: dict[str, str]) -> list[object]:
    """Return one test case for each completion, named after its language."""
    return [
        pytest.param(completion, id=f"{language}-{number}")
        for language, completions in table.items()
        for number, completion in enumerate(completions.split(" | "))
    ]


@pytest.mark.parametrize("completion", cases(ANSWERS))
def test_parse_answer_reads_other_languages(letter: Parse, completion: str) -> None:
    assert letter(completion, DRUGS) == "D"


@pytest.mark.parametrize("completion", cases(DENIALS))
def test_parse_answer_denials_in_other_languages(letter: Parse, completion: str) -> None:
    assert letter(completion, DRUGS) is None


@pytest.mark.parametrize(
    ("completion", "expected"),
    [
        ("A) est faux. B) est faux. La bonne réponse est D.", "D"),
        ("A es incorrecta porque solo actúa sobre plaquetas. La respuesta correcta es D.", "D"),
        ("A ist falsch, B ist falsch, richtig ist D.", "D"),
        ("A错误。B错误。C错误。D正确。", "D"),
        ("La respuesta no es A, es D.", "D"),
        ("答案不是A，是D。", "D"),
        ("정답은 A가 아니라 D입니다", "D"),
        ("答えはAではなくDです", "D"),
        ("A y B son incorrectas. Respuesta: D", "D"),
        ("La respuesta es A y D", None),
        ("答案是A和D", None),
        ("正解はAとDです", None),
        ("정답은 A와 D입니다", None),
        ("Die Antwort ist A oder D", None),
        ("La réponse est A ou D", None),
        ("Respuesta: A o D", None),
        ("Primero pensé en A, pero la respuesta correcta es D.", "D"),
        ("La respuesta sería A si tuviera un stent.", None),
        ("Die Antwort wäre A, wenn sie einen Stent hätte.", None),
        ("Opción A:\nNo.\n\nOpción D:\nSí.\n\nLa respuesta correcta es la D.", "D"),
        (
            "A. Aspirina: incorrecta.\nB. Clopidogrel: incorrecta.\nC. Warfarina: incorrecta.\nD. "
            "Apixabán: correcta.\n\nRespuesta: D",
            "D",
        ),
        ("La respuesta es A. Perdón, D.", "D"),
        ("选项A：错误\n选项B：错误\n选项D：正确\n答案：D", "D"),
        ("分析：A是抗血小板药，错误；D是抗凝药，正确。因此答案是D。", "D"),
        ("Respuesta: apixaban", "D"),
        ("La respuesta correcta es apixaban.", "D"),
        ("答案是Apixaban", "D"),
        ("정답은 Apixaban입니다", "D"),
        ("正解はApixabanです", "D"),
        ("Die richtige Antwort ist Apixaban.", "D"),
        ("A resposta correta é apixaban", "D"),
        ("La réponse est l'apixaban", "D"),
    ],
)
def test_parse_answer_longer_texts_in_other_languages(letter: Parse, completion: str, expected: str | None) -> None:
    assert letter(completion, DRUGS) == expected


@pytest.mark.parametrize(
    "completion", ["答案是阿哌沙班", "答案：阿哌沙班。", "阿哌沙班", "D. 阿哌沙班", "答案是D、阿哌沙班"]
)
def test_parse_answer_text_without_spaces_names_option(letter: Parse, completion: str) -> None:
    options = {"A": "阿司匹林", "B": "氯吡格雷", "C": "华法林", "D": "阿哌沙班"}
    assert letter(completion, options) == "D"
