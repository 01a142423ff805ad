fetch("/api/hello")
  .then((response) => response.json())
  .then((answer) => {
    document.getElementById("message").textContent = answer.message;
  });
