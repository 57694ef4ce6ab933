"use strict";
(async () => {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const packed = document.getElementById("plotly").textContent;
  const wanted = matchMedia("(prefers-color-scheme: dark)");
  const touch = matchMedia("(pointer: coarse)");
  const config = {
    responsive: true,
    displaylogo: false,
    showSendToCloud: false,
    plotlyServerURL: "",
    modeBarButtons: [["toImage", "zoomIn2d", "zoomOut2d", "resetScale2d"]],
  };

  const unpack = async (text) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  };

  const colours = () => {
    const style = getComputedStyle(document.documentElement);
    const read = (name) => style.getPropertyValue(name).trim();
    return { ink: read("--ink"), soft: read("--soft"), line: read("--line"), card: read("--card") };
  };

  const themed = (layout) => {
    const { ink, soft, line, card } = colours();
    const family = getComputedStyle(document.body).fontFamily;
    const changed = {
      ...layout,
      font: { family, size: 12, color: ink },
      hoverlabel: { bgcolor: card, bordercolor: line, font: { family, size: 12, color: ink }, align: "left" },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: soft, activecolor: ink },
      dragmode: touch.matches ? false : "zoom",
    };
    for (const axis of ["xaxis", "yaxis"]) {
      changed[axis] = {
        ...layout[axis],
        gridcolor: line,
        linecolor: line,
        tickfont: { color: soft, size: 11 },
        title: { ...layout[axis].title, font: { color: soft, size: 12 } },
      };
    }
    changed.annotations = (layout.annotations || []).map((a) => ({
      ...a,
      font: { ...a.font, color: soft },
    }));
    return changed;
  };

  const place = (name) => document.getElementById(`plot-${name}`);

  // A point hovered over in one linked figure is ringed in the others: their first shape.
  const link = () => {
    const linked = Object.keys(figures).filter((name) => figures[name].layout.meta?.linked);
    const mark = (from, id) => {
      for (const name of linked.filter((other) => other !== from)) {
        const [x, y] = figures[name].layout.meta.linked[id ?? 0];
        Plotly.relayout(place(name), {
          "shapes[0].visible": id !== undefined,
          "shapes[0].xanchor": x,
          "shapes[0].yanchor": y,
        });
      }
    };
    for (const name of linked) {
      place(name).on("plotly_hover", ({ points }) => mark(name, points[0].customdata));
      place(name).on("plotly_unhover", () => mark(name));
    }
  };

  const draw = async () => {
    const script = document.createElement("script");
    script.textContent = await unpack(packed);
    document.head.append(script);
    for (const [name, { data, layout }] of Object.entries(figures)) {
      await Plotly.newPlot(place(name), data, themed(layout), config);
    }
    link();
    wanted.addEventListener("change", () => {
      for (const [name, { data, layout }] of Object.entries(figures)) {
        Plotly.react(place(name), data, themed(layout), config);
      }
    });
  };

  if (navigator.clipboard) {
    for (const block of document.querySelectorAll(".code")) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Copy";
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(block.querySelector("code").textContent);
        button.textContent = "Copied";
        setTimeout(() => (button.textContent = "Copy"), 1500);
      });
      block.append(button);
    }
  }

  addEventListener("beforeprint", () => {
    for (const folded of document.querySelectorAll("details")) folded.open = true;
  });

  if (packed) {
    if (typeof DecompressionStream === "undefined") {
      for (const plot of document.querySelectorAll(".plot")) {
        plot.textContent = "This browser is too old to draw the figure; its reading stands below.";
      }
    } else {
      await draw();
    }
  }
  document.documentElement.dataset.drawn = "yes";
})();
